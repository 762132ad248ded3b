# environment.sh - sourced.  One BLAS thread a rank; Open MPI (4, then 5) as root, in containers,
# with more ranks than cores.  Other MPIs read none of it.
# Defines: cores.

# before OMP_NUM_THREADS, which nproc would take for them
cores=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
export OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 BLIS_NUM_THREADS=1 OMP_NUM_THREADS=1 \
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
    OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl_vader_single_copy_mechanism=none \
    OMPI_MCA_orte_execute_quiet=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
