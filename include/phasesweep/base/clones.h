/* clones.h - a function compiled for several kinds of CPU, the best one chosen at start.
 *
 * Sums are formed in another order by each kind, so that results agree between CPUs to
 * rounding and are bitwise equal on one kind.  Not under the address sanitizer, which starts
 * too late for the choice.
 *
 * For loops of arithmetic alone: a function that is called for each element would gain
 * nothing.
 */
#ifndef PHASESWEEP_BASE_CLONES_H
#define PHASESWEEP_BASE_CLONES_H

/* gcc and clang tell of the sanitizer in two ways */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PHASESWEEP_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define PHASESWEEP_ADDRESS_SANITIZER
#endif

/* the build has tried whether compiler and linker can do it (cmake/probe.cmake) */
#if defined(PHASESWEEP_HAVE_CLONES) && !defined(PHASESWEEP_ADDRESS_SANITIZER)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#endif
