#%Module
# For Environment Modules and Lmod; loaded with modulecmd.tcl 5.2.0.  For `cmake --install build --prefix PREFIX`: put PREFIX here,
# and the modules it was built with.
proc ModulesHelp {} {
    puts stderr "Phase diagrams of feature learning in networks of two and more layers, by MPI."
    puts stderr "man phasesweep; phasesweep --help; job files in \$PHASESWEEP_SHARE/jobs."
}
module-whatis "phasesweep 0.1.0"
conflict phasesweep

set prefix /opt/phasesweep/0.1.0
# prereq gcc openmpi hdf5 scalapack openblas gsl

prepend-path PATH $prefix/bin
prepend-path MANPATH $prefix/share/man
prepend-path PKG_CONFIG_PATH $prefix/lib/pkgconfig
prepend-path CMAKE_PREFIX_PATH $prefix
setenv PHASESWEEP_SHARE $prefix/share/phasesweep
setenv OPENBLAS_NUM_THREADS 1
