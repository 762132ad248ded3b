# ScaLAPACK as the target phasesweep_scalapack, and ScaLAPACK_LIBRARIES.  The first that is there:
# the user's ScaLAPACK_LIBRARIES; MKL's, where BLAS is MKL; what the compiler links by itself, as
# Cray's does; pkg-config's scalapack-<mpi> or scalapack; its CMake package; a library of that name.
# pkg-config comes before the CMake package because Debian's stops even a quiet search.

# MKL has its own layer for each MPI
function(find_mkl_scalapack)
  set(layer intelmpi)
  if(mpi_family STREQUAL "openmpi")
    set(layer openmpi)
  endif()
  set(places $ENV{MKLROOT}/lib/intel64 $ENV{MKLROOT}/lib)
  find_library(PHASESWEEP_MKL_SCALAPACK mkl_scalapack_lp64 HINTS ${places})
  find_library(PHASESWEEP_MKL_BLACS mkl_blacs_${layer}_lp64 HINTS ${places})
  if(PHASESWEEP_MKL_SCALAPACK AND PHASESWEEP_MKL_BLACS)
    set(ScaLAPACK_LIBRARIES ${PHASESWEEP_MKL_SCALAPACK} ${PHASESWEEP_MKL_BLACS} PARENT_SCOPE)
  endif()
endfunction()

# Their own libraries alone: Debian's files also ask for the MPI and the BLAS that happen to be
# the system's choice.
function(find_scalapack_by_pkg_config)
  foreach(module IN ITEMS scalapack-${mpi_family} scalapack)
    pkg_check_modules(SCALAPACK_${module} QUIET ${module})
    if(SCALAPACK_${module}_FOUND)
      set(own ${SCALAPACK_${module}_LINK_LIBRARIES})
      list(FILTER own INCLUDE REGEX "scalapack|blacs")
      set(ScaLAPACK_LIBRARIES ${own} PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# Does a program of ScaLAPACK and BLACS link with these?
function(scalapack_links result)
  set(CMAKE_REQUIRED_LIBRARIES ${ARGN} LAPACK::LAPACK MPI::MPI_C m)
  set(CMAKE_REQUIRED_QUIET ON)
  unset(PHASESWEEP_SCALAPACK_LINKS CACHE)
  check_c_source_compiles("
    void pdsytrd_(void); void pdgemm_(void); void Cblacs_gridinit(void);
    int main(void) { pdsytrd_(); pdgemm_(); Cblacs_gridinit(); return 0; }"
    PHASESWEEP_SCALAPACK_LINKS)
  set(${result} ${PHASESWEEP_SCALAPACK_LINKS} PARENT_SCOPE)
  unset(PHASESWEEP_SCALAPACK_LINKS CACHE)
endfunction()

set(scalapack_found "${ScaLAPACK_LIBRARIES}")
if(NOT scalapack_found AND BLA_VENDOR MATCHES "^Intel")
  find_mkl_scalapack()
endif()
if(NOT ScaLAPACK_LIBRARIES)
  scalapack_links(scalapack_found)
  if(NOT scalapack_found)
    find_scalapack_by_pkg_config()
  endif()
endif()
if(NOT ScaLAPACK_LIBRARIES AND NOT scalapack_found)
  find_package(scalapack CONFIG QUIET)
  if(TARGET scalapack)
    set(ScaLAPACK_LIBRARIES scalapack)
  endif()
endif()
if(NOT ScaLAPACK_LIBRARIES AND NOT scalapack_found)
  find_library(PHASESWEEP_SCALAPACK NAMES scalapack-${mpi_family} scalapack)
  if(PHASESWEEP_SCALAPACK)
    set(ScaLAPACK_LIBRARIES ${PHASESWEEP_SCALAPACK})
  endif()
endif()

if(NOT ScaLAPACK_LIBRARIES AND NOT scalapack_found)
  message(FATAL_ERROR " No ScaLAPACK; install it, load its module, or give "
                      "-DScaLAPACK_LIBRARIES=FILE")
endif()
require_same_mpi(ScaLAPACK ${ScaLAPACK_LIBRARIES})
scalapack_links(linked ${ScaLAPACK_LIBRARIES})
if(NOT linked)
  message(FATAL_ERROR " ScaLAPACK (${ScaLAPACK_LIBRARIES}) does not link with ${mpi_name} and "
                      "LAPACK (${LAPACK_LIBRARIES})")
endif()
message(STATUS "Found ScaLAPACK: ${ScaLAPACK_LIBRARIES}")
add_library(phasesweep_scalapack INTERFACE IMPORTED)
target_link_libraries(phasesweep_scalapack INTERFACE ${ScaLAPACK_LIBRARIES})
