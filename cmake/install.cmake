# `cmake --install BUILD --prefix PREFIX`: what works from there alone, also if it is moved.
include(GNUInstallDirs)
# where libraries of modules lie, which no system path names
set_target_properties(phasesweep_program PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)

# The files behind libraries that may be targets of CMake packages; -lNAME and flags stay.
function(link_line result)
  set(line)
  foreach(library IN LISTS ARGN)
    library_file("${library}" file)
    if(NOT file MATCHES "^(optimized|debug|general|\\$<.*)$")
      list(APPEND line ${file})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES line)
  set(${result} ${line} PARENT_SCOPE)
endfunction()

separate_arguments(mpi_link_flags UNIX_COMMAND "${MPI_C_LINK_FLAGS}")
link_line(library_link_line ${ScaLAPACK_LIBRARIES} ${LAPACK_LIBRARIES} ${HDF5_C_HL_LIBRARIES}
          ${HDF5_C_LIBRARIES} ${YAML_LINK_LIBRARIES} ${GSL_LINK_LIBRARIES}
          ${XXHASH_LINK_LIBRARIES} ${ZLIB_LINK_LIBRARIES} ${MPI_C_LIBRARIES} ${mpi_link_flags} -lm)
list(JOIN library_link_line " " library_link_text)
set(library_include_text)
foreach(folder IN LISTS MPI_C_INCLUDE_DIRS)
  string(APPEND library_include_text " -I${folder}")
endforeach()

set(generated ${PROJECT_BINARY_DIR}/generated/install)
set(config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/phasesweep)
file(RELATIVE_PATH prefix_from_config /${config_folder} /)
file(RELATIVE_PATH prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
file(RELATIVE_PATH program_from_share /${CMAKE_INSTALL_DATADIR}/phasesweep
     /${CMAKE_INSTALL_BINDIR}/phasesweep)
configure_file(cmake/phasesweep.pc.in ${generated}/phasesweep.pc @ONLY)
configure_file(cmake/phasesweepConfig.cmake.in ${generated}/phasesweepConfig.cmake @ONLY)
configure_file(cmake/installed.sh.in ${generated}/setup.sh @ONLY)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${generated}/phasesweepConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)

install(TARGETS phasesweep_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS phasesweep ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/phasesweep DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${generated}/phasesweep.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${generated}/phasesweepConfig.cmake ${generated}/phasesweepConfigVersion.cmake
        DESTINATION ${config_folder})
install(FILES src/app/phasesweep.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES src/app/completion.bash RENAME phasesweep
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(DIRECTORY jobs slurm analysis DESTINATION ${CMAKE_INSTALL_DATADIR}/phasesweep
        USE_SOURCE_PERMISSIONS
        PATTERN __pycache__ EXCLUDE PATTERN *.egg-info EXCLUDE PATTERN build EXCLUDE)
# jobs/demo.sh reads ../cmake/setup.sh: that of the sources builds, this one knows what is built
install(FILES ${generated}/setup.sh cmake/environment.sh
        DESTINATION ${CMAKE_INSTALL_DATADIR}/phasesweep/cmake)
install(DIRECTORY doc/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES README.md CHANGELOG.md LICENSE CITATION.cff DESTINATION ${CMAKE_INSTALL_DOCDIR})
