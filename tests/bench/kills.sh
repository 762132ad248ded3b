#!/usr/bin/env bash
# 1,000 SIGKILLs at random moments instead of the 50 of the tests; about an hour.
# usage: tests/bench/kills.sh [KILLS]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../cmake/setup.sh"
export OMPI_MCA_mpi_yield_when_idle=1
exec /usr/bin/python3 "$root/tests/system/test_faults.py" "$build/phasesweep" mpiexec "${1:-1000}"
