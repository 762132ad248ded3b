#!/usr/bin/env bash
# Every call on a file x {EIO, ENOSPC, killed before, killed after} instead of the 60 cases of the
# tests; about half an hour on two free cores.
# usage: tests/bench/injected.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../cmake/setup.sh"
exec /usr/bin/python3 "$root/tests/system/test_injected.py" "$build/phasesweep" mpiexec \
    "$build/tests/libinject.so" 0
