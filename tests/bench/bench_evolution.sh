#!/usr/bin/env bash
# State evolution: one cold point against plain_state_evolution.py, rates of whole diagrams, the cost
# of a large dimension; medians of several runs, CPU seconds, all in one go.
# usage: tests/bench/bench_evolution.sh            needs python3-scipy
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../cmake/setup.sh"
unset OPENBLAS_CORETYPE
program=$build/phasesweep
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

# rate MODEL DIMENSION: points a CPU second on one core, 64 lines of the innermost axis
rate() {
    cat >"$scratch/job.yaml" <<JOB
sweeps:
  - {model: $1, source_exponent: 1.25, dimension: $2, noise: 0.1,
     samples: {as: effective_power, from: -0.5, to: 4.5, count: 16},
     weight_decay: {as: power, from: -2, to: 3, count: 1024}}
JOB
    for k in 1 2 3; do
        rm -f "$scratch/out.h5"
        /usr/bin/time -f %U -o "$scratch/time" \
            "$program" run "$scratch/job.yaml" -o "$scratch/out.h5" 2>/dev/null
        awk '{print 16 * 1024 / $1}' "$scratch/time"
    done | median
}

cmake --build "$build" --target bench_cold >/dev/null
read -r risk ours < <("$build/tests/bench_cold" 400)
read -r plain_risk plain_seconds evaluations < <(
    /usr/bin/python3 "$root/tests/bench/plain_state_evolution.py" 160000 400 1.25 0.1 0.1)
echo "cold point, d = 400: $ours s; plain Python: $plain_seconds s in $evaluations evaluations;" \
    "ratio $(awk "BEGIN {print $plain_seconds / $ours}")"
echo "risk: ours $risk, plain $plain_risk," \
    "off by $(awk "BEGIN {print $plain_risk / $risk - 1}") (sampling error)"
for model in quadratic diagonal; do
    base=$(rate $model 10000)
    large=$(rate $model 1000000)
    echo "$model: $base points a CPU second at d = 10^4, $large at d = 10^6 (cost ratio" \
        "$(awk "BEGIN {print $base / $large}"))"
done
