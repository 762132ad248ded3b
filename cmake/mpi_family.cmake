# Two families of MPI have binaries that do not mix: Open MPI, and MPICH with all that took its
# interface (Intel MPI, Cray MPICH, MVAPICH).  A program of both links, and aborts when it runs.

# Of the mpi.h that was found: openmpi or mpich, and its name for people.
function(mpi_family_of_compiler family name)
  set(CMAKE_REQUIRED_LIBRARIES MPI::MPI_C)
  set(CMAKE_REQUIRED_QUIET ON)
  check_symbol_exists(OPEN_MPI mpi.h PHASESWEEP_MPI_IS_OPEN_MPI)
  check_symbol_exists(MPICH_VERSION mpi.h PHASESWEEP_MPI_IS_MPICH)
  check_symbol_exists(I_MPI_VERSION mpi.h PHASESWEEP_MPI_IS_INTEL)
  if(PHASESWEEP_MPI_IS_OPEN_MPI)
    set(${family} openmpi PARENT_SCOPE)
    set(${name} "Open MPI" PARENT_SCOPE)
  elseif(PHASESWEEP_MPI_IS_INTEL)
    set(${family} mpich PARENT_SCOPE)
    set(${name} "Intel MPI" PARENT_SCOPE)
  elseif(PHASESWEEP_MPI_IS_MPICH)
    set(${family} mpich PARENT_SCOPE)
    set(${name} "MPICH" PARENT_SCOPE)
  else()
    set(${family} unknown PARENT_SCOPE)
    set(${name} "an MPI of another kind" PARENT_SCOPE)
  endif()
endfunction()

# The file of a library that may be a target of its CMake package; else the name unchanged.
function(library_file library result)
  if(TARGET ${library})
    get_target_property(library ${library} LOCATION)
  endif()
  set(${result} ${library} PARENT_SCOPE)
endfunction()

# Family that a library file was built for, by the symbols it leaves open; empty: none, or not to
# be told.  Open MPI's handles are variables, MPICH's are numbers.
function(mpi_family_of_file file family)
  set(${family} "" PARENT_SCOPE)
  if(NOT EXISTS "${file}" OR NOT CMAKE_NM)
    return()
  endif()
  execute_process(COMMAND ${CMAKE_NM} -D ${file} OUTPUT_VARIABLE dynamic ERROR_QUIET)
  execute_process(COMMAND ${CMAKE_NM} ${file} OUTPUT_VARIABLE static ERROR_QUIET)
  set(symbols "${dynamic}${static}")
  if(symbols MATCHES "U ompi_mpi_")
    set(${family} openmpi PARENT_SCOPE)
  elseif(symbols MATCHES "U P?MPI_Comm_")
    set(${family} mpich PARENT_SCOPE)
  endif()
endfunction()

# require_same_mpi(<name> <library>...): one line that names both if a library is of another MPI.
function(require_same_mpi name)
  set(people_openmpi "Open MPI")
  set(people_mpich "MPICH")
  foreach(library IN LISTS ARGN)
    library_file(${library} file)
    mpi_family_of_file("${file}" family)
    if(family AND NOT mpi_family STREQUAL "unknown" AND NOT family STREQUAL mpi_family)
      message(FATAL_ERROR " ${name} (${file}) is built for ${people_${family}}, the compiler "
                          "(${MPI_C_COMPILER}) is that of ${mpi_name}: choose one MPI for both")
    endif()
  endforeach()
endfunction()
