#!/usr/bin/env bash
# slurm_node.sh DIR I: start, also again, the daemon of node nI of slurm_up.sh DIR.
set -euo pipefail
dir=$1 node=n$2 name=${1##*/}
export PATH=$PATH:/usr/sbin:/sbin PHASESWEEP_SLURM_DIR=$1 SLURM_CONF=$1/slurm.conf
in_node() {
    hostname "$node"
    mount -t tmpfs -o size=1g tmpfs /dev/shm
    mount --bind "$dir/run/hosts" /etc/hosts
    exec slurmd -N "$node" -f "$SLURM_CONF"
}
export dir node
export -f in_node
nsenter --net="/run/netns/$name.$node" \
    unshare --uts --mount --ipc --propagation private bash -c in_node
