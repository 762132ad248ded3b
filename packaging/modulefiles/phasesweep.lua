-- For Lmod.  NOT RUN under Lmod; its Lua is compiled where there is a luac.  For
-- `cmake --install build --prefix PREFIX`: put PREFIX here, and the modules it was built with.
help([[Phase diagrams of feature learning in networks of two and more layers, by MPI.
man phasesweep; phasesweep --help; job files in $PHASESWEEP_SHARE/jobs.]])
whatis("Name: phasesweep")
whatis("Version: 0.1.0")

local prefix = "/opt/phasesweep/0.1.0"
-- depends_on("gcc", "openmpi", "hdf5/parallel", "netlib-scalapack", "openblas", "gsl")

prepend_path("PATH", pathJoin(prefix, "bin"))
prepend_path("MANPATH", pathJoin(prefix, "share/man"))
prepend_path("PKG_CONFIG_PATH", pathJoin(prefix, "lib/pkgconfig"))
prepend_path("CMAKE_PREFIX_PATH", prefix)
setenv("PHASESWEEP_SHARE", pathJoin(prefix, "share/phasesweep"))
setenv("OPENBLAS_NUM_THREADS", "1")
