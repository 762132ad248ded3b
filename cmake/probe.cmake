# What the compiler can do.  Sets probed_flags, probed_fast_math and PHASESWEEP_HAVE_CLONES.
include(CheckCCompilerFlag)

# probe(<list> <flag> [<what to add>]): appends the flag, or what it stands for, if it is known.
function(probe list flag)
  string(MAKE_C_IDENTIFIER "PHASESWEEP_HAVE${flag}" known)
  # an unknown flag is only a warning of some compilers
  set(CMAKE_REQUIRED_FLAGS -Werror)
  set(CMAKE_REQUIRED_QUIET ON)
  check_c_compiler_flag(${flag} ${known})
  if(${known})
    set(${list} ${${list}} ${ARGN} PARENT_SCOPE)
    if(NOT ARGN)
      set(${list} ${${list}} ${flag} PARENT_SCOPE)
    endif()
  endif()
endfunction()

# vectors in loops marked `omp simd`; complex products without the repair of infinities
probe(probed_flags -fopenmp-simd)
probe(probed_flags -fcx-limited-range)
# clang warns of a marked loop that it leaves as it is: no mistake of ours
probe(probed_flags -Wpass-failed -Wno-pass-failed)
probe(probed_fast_math -ffast-math)
# the vector forms of log, cos and sin, which gcc takes without being told
probe(probed_fast_math -fveclib=libmvec)
message(STATUS "Flags: ${probed_flags}; of a few files ${probed_fast_math}")

# A function compiled for several kinds of CPU and called from another file, which does not know:
# old clangs take the attribute and then do not link.
set(probe ${CMAKE_CURRENT_BINARY_DIR}/probe)
file(WRITE ${probe}/cloned.c "
#define CLONES __attribute__((target_clones(\"arch=x86-64-v4\", \"arch=x86-64-v3\", \"default\")))
double cloned(double x);
static CLONES double own(double x) { return x + 1; }
CLONES double cloned(double x) { return 2 * own(x); }
")
file(WRITE ${probe}/caller.c "
double cloned(double x);
int main(int argc, char **argv) { (void)argv; return cloned(argc) > 10; }
")
if(NOT DEFINED PHASESWEEP_HAVE_CLONES)
  try_compile(PHASESWEEP_HAVE_CLONES ${probe}/build
              SOURCES ${probe}/cloned.c ${probe}/caller.c
              COMPILE_DEFINITIONS -Werror)
endif()
message(STATUS "Functions for several kinds of CPU (target_clones): ${PHASESWEEP_HAVE_CLONES}")
