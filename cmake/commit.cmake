# Writes the commit of the sources into HEADER, and touches it only where it changed.
# usage: cmake -DSOURCE=... -DHEADER=... -P commit.cmake
execute_process(COMMAND git -C ${SOURCE} describe --always --abbrev=12 --dirty --exclude=*
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
                RESULT_VARIABLE failed)
if(failed)
  set(commit unknown)
endif()
file(WRITE ${HEADER}.new "#define COMMIT \"${commit}\"\n")
configure_file(${HEADER}.new ${HEADER} COPYONLY)
