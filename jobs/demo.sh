#!/usr/bin/env bash
# Install what is missing, build, run the demo job on all cores, draw its figures.
# usage: jobs/demo.sh [OUTPUT_DIRECTORY]     default: demo/ beside the sources
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../cmake/setup.sh"
output=${1:-$root/demo}
mkdir -p "$output"
setup
# one rank more than cores: the master sleeps.  Status 1 = some points did not converge.
status=0
mpirun -n $(($(nproc) + 1)) "$build/phasesweep" run "$root/jobs/demo.yaml" \
    -o "$output/demo.h5" || status=$?
[ "$status" -le 1 ] || exit "$status"
"$build/phasesweep" status "$output/demo.h5"
/usr/bin/python3 "$root/analysis/fig_phase_diagram.py" "$output/demo.h5" "$output"
exit "$status"
