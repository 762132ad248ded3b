#!/usr/bin/env bash
# A private Slurm of one node on this machine: no systemd, no cgroups, loopback only.
#
#   slurm_up.sh DIR [CPUS=2] [OWNER_PID]     then: export SLURM_CONF=DIR/slurm.conf
#
# SLURM_BASE_PORT and the port after it must be free.  The node says it has CPUS cores, whatever
# the machine has.  If OWNER_PID dies, even by SIGKILL, all is stopped and DIR removed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$1 cpus=${2:-2} owner=${3-}
port=${SLURM_BASE_PORT:-16817} host=$(hostname -s) me=$(id -un)
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

# cred_expire: a requeued job waits for that long (120 s by default) before it starts again
cat >"$SLURM_CONF" <<C
ClusterName=phasesweep
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$dir/run/munge.sock,cred_expire=5
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
TmpFS=$dir/tmp
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/jobcomp.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
KillWait=5
MinJobAge=600
JobRequeue=1
PropagateResourceLimits=NONE
NodeName=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=$cpus RealMemory=3500 CoresPerSocket=$cpus
PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP
C
slurmctld -f "$SLURM_CONF" >>"$dir/log/start.log" 2>&1
slurmd -f "$SLURM_CONF" >>"$dir/log/start.log" 2>&1
for _ in $(seq 300); do
    state=$(timeout 10 sinfo -h -o %T 2>&1) || true
    [ "$state" = idle ] && exit 0
    sleep 0.1
done
echo "slurm_up.sh: node is not idle but: $state" >&2
tail -n 5 "$dir"/log/*.log >&2
exit 1
