#!/usr/bin/env bash
# A private Slurm on this machine: no systemd, nothing reachable from outside.
#
#   slurm_up.sh DIR [CPUS=2] [OWNER_PID] [NODES=1] [MEMORY]    then: export SLURM_CONF=DIR/slurm.conf
#
# One node is on loopback; SLURM_BASE_PORT and the port after it must be free.  Several nodes n1,
# n2, ... are namespaces of network, host name, mounts and shared memory each, on a bridge in the
# network namespace NAME.c, NAME being the last part of DIR: commands of Slurm work in there
# (nsenter --net=/run/netns/NAME.c sbatch ...).  They see the same files and process numbers.  Node
# n2 is cut off by `ip -n NAME.c link set v2 down`.
#
# With MEMORY = memory, jobs are held to their memory by cgroups (version 1, controller `memory`).
#
# A node says it has CPUS cores, whatever the machine has.  If OWNER_PID dies, even by SIGKILL, all
# is stopped and DIR removed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$1 cpus=${2:-2} owner=${3-} nodes=${4:-1} memory=${5-}
port=${SLURM_BASE_PORT:-16817} host=$(hostname -s) me=$(id -un)
name=${dir##*/} address=127.0.0.1 net=10.77.0
export PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$dir"/{state,log,run,spool,tmp}
chmod 755 "$dir"

if [ -n "$owner" ]; then # before any daemon, so that none can be left behind
    setsid "$here/slurm_watch.sh" "$dir" "$owner" </dev/null >/dev/null 2>&1 &
fi

# the mark by which slurm_down.sh knows what is ours
export PHASESWEEP_SLURM_DIR=$dir SLURM_CONF=$dir/slurm.conf
(umask 077 && head -c 128 /dev/urandom >"$dir/run/munge.key")
munged --force --key-file="$dir/run/munge.key" --socket="$dir/run/munge.sock" \
    --pid-file="$dir/run/munged.pid" --log-file="$dir/log/munged.log" \
    --seed-file="$dir/run/munge.seed" --num-threads=2 >>"$dir/log/start.log" 2>&1

make_network() {
    local i
    ip netns add "$name.c"
    ip -n "$name.c" link set lo up
    ip -n "$name.c" link add br0 type bridge
    ip -n "$name.c" addr add "$net.254/24" dev br0
    ip -n "$name.c" link set br0 up
    printf '127.0.0.1 localhost\n%s.254 %s\n' "$net" "$host" >"$dir/run/hosts"
    for i in $(seq "$nodes"); do
        ip netns add "$name.n$i"
        ip -n "$name.n$i" link set lo up
        ip -n "$name.c" link add "v$i" type veth peer name eth0 netns "$name.n$i"
        ip -n "$name.c" link set "v$i" master br0 up
        ip -n "$name.n$i" addr add "$net.$i/24" dev eth0
        ip -n "$name.n$i" link set eth0 up
        echo "$net.$i n$i" >>"$dir/run/hosts"
        mkdir -p "$dir/tmp/n$i" "$dir/spool/n$i"
    done
}
# in the control namespace, where there is one
inside() {
    if ((nodes > 1)); then
        nsenter --net="/run/netns/$name.c" "$@"
    else
        "$@"
    fi
}
start_node() {
    if ((nodes == 1)); then
        slurmd -f "$SLURM_CONF"
    else
        "$here/slurm_node.sh" "$dir" "$1"
    fi >>"$dir/log/start.log" 2>&1
}

if ((nodes > 1)); then
    make_network
    address=$net.254
fi
# cred_expire: a requeued job waits for that long (120 s by default) before it starts again
node="CPUs=$cpus RealMemory=3500 CoresPerSocket=$cpus"
cat >"$dir/cgroup.conf" <<C
CgroupPlugin=cgroup/v1
ConstrainRAMSpace=yes
C
cat >"$SLURM_CONF" <<C
ClusterName=phasesweep
SlurmctldHost=$host($address)
SlurmctldPort=$port
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$dir/run/munge.sock,cred_expire=5
CredType=cred/munge
$( ((nodes > 1)) || echo CommunicationParameters=NoCtldInAddrAny,NoInAddrAny)
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
TmpFS=$dir/tmp$( ((nodes == 1)) || echo /%n)
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd.%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/${memory:+cgroup}$([ -n "$memory" ] || echo none)
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/jobcomp.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core${memory:+_Memory}
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
KillWait=5
SlurmdTimeout=5
MinJobAge=600
JobRequeue=1
PropagateResourceLimits=NONE
$(if ((nodes == 1)); then
    echo "NodeName=$host NodeAddr=127.0.0.1 Port=$((port + 1)) $node"
else
    for i in $(seq "$nodes"); do echo "NodeName=n$i NodeAddr=$net.$i $node"; done
fi)
PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP
C
inside slurmctld -f "$SLURM_CONF" >>"$dir/log/start.log" 2>&1
for i in $(seq "$nodes"); do start_node "$i"; done
for _ in $(seq 300); do
    state=$(inside timeout 10 sinfo -h -N -o %T 2>&1) || true
    [ "$(grep -cx idle <<<"$state")" = "$nodes" ] && exit 0
    sleep 0.1
done
echo "slurm_up.sh: nodes are not idle but:" $state >&2
tail -n 5 "$dir"/log/*.log >&2
exit 1
