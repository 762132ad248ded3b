#!/usr/bin/env bash
# slurm_down.sh DIR: stop all that slurm_up.sh DIR started, and the jobs in it.
set -u
dir=$1
export SLURM_CONF=$dir/slurm.conf PATH=$PATH:/usr/sbin:/sbin

remove_network() {
    local file
    for file in /run/netns/"${dir##*/}".*; do
        [ ! -e "$file" ] || ip netns del "${file##*/}"
    done
}

# processes started for DIR; this one and its children lack the mark
ours() {
    grep -lzxsF "PHASESWEEP_SLURM_DIR=$dir" /proc/[0-9]*/environ | cut -d / -f 3
}

if [ -s "$SLURM_CONF" ] && timeout 10 scancel --user="$(id -un)" 2>/dev/null; then
    for _ in $(seq 100); do
        [ -z "$(timeout 10 squeue -h -t running,completing 2>/dev/null)" ] && break
        sleep 0.1
    done
fi
for signal in TERM KILL; do
    for _ in $(seq 50); do
        mapfile -t pids < <(ours)
        [ ${#pids[@]} != 0 ] || break 2
        kill -s "$signal" "${pids[@]}" 2>/dev/null
        sleep 0.1
    done
done
remove_network
[ -z "$(ours)" ]
