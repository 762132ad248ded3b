#!/usr/bin/env bash
# Install what is missing, build, run the demo job on all cores, draw its figures.
# usage: jobs/demo.sh [OUTPUT_DIRECTORY]     default: demo/ beside the sources, or
# where you are if phasesweep is installed
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../cmake/setup.sh"
output=${1:-$output_default}
mkdir -p "$output"
setup
# one rank more than cores: the master sleeps.  Status 1 = some points did not converge.
status=0
"$launcher" -n $((cores + 1)) "$program" run "$root/jobs/demo.yaml" \
    -o "$output/demo.h5" || status=$?
[ "$status" -le 1 ] || exit "$status"
"$program" status "$output/demo.h5"
/usr/bin/python3 "$root/analysis/fig_phase_diagram.py" "$output/demo.h5" "$output"
exit "$status"
