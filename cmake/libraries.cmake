# The libraries, on any machine.  Each may be named by the user (doc/install.md):
#   MPI_C_COMPILER or CC=mpicc | HDF5_ROOT or HDF5_C_COMPILER_EXECUTABLE | BLA_VENDOR |
#   ScaLAPACK_LIBRARIES | PKG_CONFIG_PATH for the rest
# Defines the targets MPI::MPI_C, hdf5::hdf5, hdf5::hdf5_hl, LAPACK::LAPACK, phasesweep_scalapack,
# PkgConfig::{YAML,GSL,XXHASH,ZLIB}, and MPIEXEC_EXECUTABLE of the MPI that was found.
include(CheckSymbolExists)
include(CheckIncludeFile)
include(CheckCSourceCompiles)
include(${CMAKE_CURRENT_LIST_DIR}/mpi_family.cmake)

find_package(PkgConfig REQUIRED)

# ---- MPI
set(launcher_is_chosen ${MPIEXEC_EXECUTABLE})
find_package(MPI REQUIRED COMPONENTS C)
mpi_family_of_compiler(mpi_family mpi_name)
if(NOT launcher_is_chosen)
  # where several MPIs are installed, as Debian's, mpiexec is that of one of them
  get_filename_component(mpi_folder "${MPI_C_COMPILER}" DIRECTORY)
  find_program(PHASESWEEP_MPIEXEC mpiexec.${mpi_family} HINTS ${mpi_folder})
  mark_as_advanced(PHASESWEEP_MPIEXEC)
  if(PHASESWEEP_MPIEXEC)
    set(MPIEXEC_EXECUTABLE ${PHASESWEEP_MPIEXEC} CACHE FILEPATH "Starts MPI programs" FORCE)
  endif()
endif()

# ---- HDF5, parallel
if(NOT HDF5_C_COMPILER_EXECUTABLE AND NOT HDF5_ROOT AND NOT DEFINED ENV{HDF5_ROOT})
  find_program(PHASESWEEP_H5PCC h5pcc.${mpi_family})
  mark_as_advanced(PHASESWEEP_H5PCC)
  if(PHASESWEEP_H5PCC)
    set(HDF5_C_COMPILER_EXECUTABLE ${PHASESWEEP_H5PCC} CACHE FILEPATH "HDF5's compiler" FORCE)
  endif()
endif()
set(HDF5_PREFER_PARALLEL TRUE)
find_package(HDF5 REQUIRED COMPONENTS C HL)
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR " HDF5 is serial; install libhdf5-openmpi-dev or load a parallel module")
endif()
require_same_mpi(HDF5 ${HDF5_C_LIBRARIES})

# ---- BLAS and LAPACK: the user's, else OpenBLAS, else any
if(BLA_VENDOR OR DEFINED ENV{BLA_VENDOR})
  find_package(LAPACK REQUIRED)
else()
  set(BLA_VENDOR OpenBLAS)
  find_package(LAPACK QUIET)
  if(NOT LAPACK_FOUND)
    set(BLA_VENDOR All)
    find_package(LAPACK REQUIRED)
  endif()
endif()

include(${CMAKE_CURRENT_LIST_DIR}/scalapack.cmake)

# ---- the small ones
# need(<prefix> <module>): as PkgConfig::<prefix>, or one line that says what is missing
macro(need prefix module)
  pkg_check_modules(${prefix} IMPORTED_TARGET ${module})
  if(NOT ${prefix}_FOUND)
    message(FATAL_ERROR " pkg-config does not find ${module}; install it, or add its folder to "
                        "PKG_CONFIG_PATH")
  endif()
endmacro()
need(YAML yaml-0.1)
need(GSL gsl)
need(XXHASH libxxhash)
pkg_check_modules(ZLIB IMPORTED_TARGET zlib)
check_include_file(Random123/philox.h PHASESWEEP_HAVE_RANDOM123)
if(NOT PHASESWEEP_HAVE_RANDOM123)
  message(FATAL_ERROR " No Random123/philox.h; install Random123 (headers alone), or add its "
                      "folder to CPATH")
endif()
