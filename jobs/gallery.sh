#!/usr/bin/env bash
# Every figure of arXiv 2509.24882 and 2606.28242, and those about them: runs the jobs and draws.  doc/gallery.md says
# what to see.  Interrupted, the same command goes on; finished archives are not computed again.
# usage: jobs/gallery.sh --small|--paper|--full [OUTPUT_DIRECTORY [JOB...]]     gallery/SIZE beside the sources; all jobs
#   --small   every kind of figure in minutes: fewer seeds and dimensions
#   --paper   trained networks at the sizes of the papers, phase diagrams at d = 100
#   --full    phase diagrams at 1024 x 1024 points, d = 10^4, and all jobs as they are written
set -euo pipefail
case ${1:-} in --small | --paper | --full) size=${1#--} ;; *)
    sed -n 's/^# \(usage.*\|  --.*\)/\1/p' "$0" >&2
    exit 2
    ;;
esac
. "$(dirname "${BASH_SOURCE[0]}")/../cmake/setup.sh"
output=${2:-$root/gallery/$size}
only=" ${*:3} "

# sizes (s small, p paper, f full) | job | scripts | keys of --set at --small
table="
spf|demo|phase_diagram exponents|
f|phase_diagram_quadratic|phase_diagram exponents|
f|phase_diagram_diagonal|phase_diagram exponents|
spf|refine|exponents phase_diagram|
spf|exponents|exponents|
spf|bayes|bayes|
spf|optimal_decay|optimal_decay|
spf|decomposition|decomposition|
spf|universality|universality|
s|width|width|
pf|width_training|width|
spf|ridge|risk_vs_samples|
spf|risk_vs_samples|risk_vs_samples|dimension=100
spf|risk_vs_samples_diagonal|risk_vs_samples|dimension=100
spf|spectra|spectra|seed=0
spf|tail_exponent|tail_exponent|seed=0
spf|amp|amp|seed=1
sf|depth_diagram|depth|dimension=1000
sf|covariance|covariance|dimension=200
sf|feature_laws|feature_laws|dimension=100
sf|trajectories|trajectories|
sf|activations|activations|
"

# a job that this size does not have is a mistake, before anything is made
jobs=$(awk -F'|' -v size="${size:0:1}" 'index($1, size) { print $2 }' <<<"$table")
for job in "${@:3}"; do
    if ! grep -qxF -e "$job" <<<"$jobs"; then
        echo "$job: no job of --$size; they are ${jobs//$'\n'/ }" >&2
        exit 2
    fi
done
mkdir -p "$output/figures"

compute() { # JOB [KEY=VALUE]
    local status=0
    # mpirun would read the rest of the table
    mpirun -n $((cores + 1)) "$build/phasesweep" run "$root/jobs/$1.yaml" -o "$output/$1.h5" \
        ${2:+--set "$2"} </dev/null >"$output/$1.log" 2>&1 || status=$?
    [ "$status" -le 1 ] || { tail -n 3 "$output/$1.log" >&2; exit "$status"; } # 1: some points did not converge
}

count_cpu() { # into cpu: seconds of everything that ended so far (the second line of times)
    times >"$output/.times"
    cpu=$(awk 'NR == 2 { gsub("[ms]", " "); printf "%.0f", 60 * ($1 + $3) + $2 + $4 }' "$output/.times")
}

# PHASESWEEP_BUILD: a folder where it is built already
if [ -n "${PHASESWEEP_BUILD:-}" ]; then build=$PHASESWEEP_BUILD; else setup; fi
failed=0
count_cpu
built=$cpu
while IFS='|' read -r sizes job scripts keys; do
    case $sizes in *"${size:0:1}"*) ;; *) continue ;; esac
    case $only in "  " | *" $job "*) ;; *) continue ;; esac
    [ "$size" = small ] || keys=
    begin=$SECONDS
    count_cpu
    begin_cpu=$cpu
    compute "$job" "$keys"
    computed=$((SECONDS - begin))
    count_cpu
    computed_cpu=$((cpu - begin_cpu))
    for script in $scripts; do
        /usr/bin/python3 "$root/analysis/fig_$script.py" "$output/$job.h5" "$output/figures/$job" \
            >>"$output/$job.log" 2>&1 || { echo "$script of $job: $(tail -n 1 "$output/$job.log")" >&2; failed=1; }
    done
    count_cpu
    echo "$job: computed in $computed s ($computed_cpu s of CPU), drawn in" \
        "$((SECONDS - begin - computed)) s ($((cpu - begin_cpu - computed_cpu)))"
done <<<"$table"
echo "$output/figures: $(find "$output/figures" -name '*.png' | wc -l) pictures in $SECONDS s ($((cpu - built)) s of CPU)"
exit "$failed"
