#!/usr/bin/env bash
# slurm_watch.sh DIR PID: once PID is gone, slurm_down.sh DIR and remove DIR.
dir=$1 owner=$2
while [ -d "$dir" ]; do
    if ! kill -0 "$owner" 2>/dev/null; then
        "$(dirname "$0")/slurm_down.sh" "$dir"
        rm -rf "$dir"
    fi
    sleep 1
done
