#!/usr/bin/env bash
# A Slurm cluster of this machine's own, brought up for the tests under tests/cluster and taken down after them; with a
# command after it, for that command (.ci/slurm.sh snakemake --workflow-profile workflow/profiles/slurm).
# As root, without systemd; needs Debian's packages (installed where missing), make and Python.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1
unset "${!SLURM_@}" "${!SBATCH_@}"

say() { printf '%s\n' "slurm.sh: $*" >&2; }
refuse() { say "$*"; exit 1; }

[ "$(id -u)" = 0 ] || refuse "must run as root: it starts the daemons of a cluster"

missing=()
for pair in slurmctld:slurmctld slurmd:slurmd sbatch:slurm-client munged:munge slurmdbd:slurmdbd mariadbd:mariadb-server; do
    command -v "${pair%%:*}" > /dev/null || missing+=("${pair##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } < /dev/null > /dev/null ||
        refuse "apt-get could not install ${missing[*]}: without Slurm nothing is tested here"
fi

# A link left by a run that was killed is taken over; the configuration of a real cluster is not touched.
for name in slurm cgroup; do
    file=/etc/slurm/$name.conf
    if [ -e "$file" ] && [[ "$(readlink "$file" || true)" != */coherion-slurm.*/etc/* ]]; then
        refuse "$file exists: this machine belongs to a cluster, run the tests on one that does not"
    fi
done

make .venv/dev.ready > /dev/null
export PATH="$PWD/.venv/bin:$PATH"

CLUSTER=$(mktemp -d /tmp/coherion-slurm.XXXXXX)
export CLUSTER
HOST=$(hostname -s)
NODES=5
mkdir -p "$CLUSTER"/{etc,log,run,state,spool,munge,mysql}
made_slurm_folder=no
[ -d /etc/slurm ] || made_slurm_folder=yes

# A process that has ended counts as gone even where nobody has asked for its result.
alive() { grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" 2> /dev/null; }

# Ends what a file in run/ names, and waits until it is gone.
end() {
    local file pid
    for file in "$@"; do
        [ -s "$file" ] || continue
        pid=$(cat "$file")
        kill "$pid" 2> /dev/null || true
        for _ in $(seq 100); do alive "$pid" || break; sleep 0.1; done
        ! alive "$pid" || kill -KILL "$pid" 2> /dev/null || true
        rm -f "$file"
    done
}

cluster_down() {
    timeout 10 scancel --user root 2> /dev/null || true
    for _ in $(seq 50); do [ -n "$(timeout 5 squeue -h 2> /dev/null || true)" ] || break; sleep 0.2; done
    end "$CLUSTER"/run/slurmd.*.pid "$CLUSTER"/run/slurmctld.pid "$CLUSTER"/run/slurmdbd.pid \
        "$CLUSTER"/run/mariadbd.pid "$CLUSTER"/run/munged.pid
}

clean_up() {
    local result=$?
    trap - EXIT
    if [ -n "${tests:-}" ]; then
        kill "$tests" 2> /dev/null || true
        wait "$tests" || true
    fi
    cluster_down
    if [ "$result" != 0 ]; then
        for file in "$CLUSTER"/log/slurmctld.log "$CLUSTER"/log/slurmd.n1.log; do
            [ ! -s "$file" ] || { say "end of $(basename "$file"):"; tail -n 15 "$file" >&2; }
        done
    fi
    rm -f /etc/slurm/slurm.conf /etc/slurm/cgroup.conf
    [ "$made_slurm_folder" = no ] || rmdir /etc/slurm 2> /dev/null || true
    [ ! -f "$CLUSTER"/hosts ] || cat "$CLUSTER"/hosts > /etc/hosts
    rm -rf "$CLUSTER"
    exit "$result"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# Waits until a command succeeds, for so many tenths of a second.
wait_for() {
    local tenths=$1 what=$2
    shift 2
    for _ in $(seq "$tenths"); do "$@" > /dev/null 2>&1 && return; sleep 0.1; done
    refuse "$what did not come up in $((tenths / 10)) s"
}

# cluster_up none|accounting
cluster_up() {
    local accounting=$1 i
    ( umask 077; head -c 128 /dev/urandom > "$CLUSTER"/munge/key )
    munged --force --key-file="$CLUSTER"/munge/key --socket="$CLUSTER"/run/munge.socket \
        --pid-file="$CLUSTER"/run/munged.pid --log-file="$CLUSTER"/log/munged.log --seed-file="$CLUSTER"/munge/seed
    {
        cat << END
ClusterName=loop
SlurmctldHost=$HOST(127.0.0.1)
SlurmctldPort=17817
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$CLUSTER/run/munge.socket
CredType=cred/munge
StateSaveLocation=$CLUSTER/state
SlurmdSpoolDir=$CLUSTER/spool/%n
SlurmctldPidFile=$CLUSTER/run/slurmctld.pid
SlurmdPidFile=$CLUSTER/run/slurmd.%n.pid
SlurmctldLogFile=$CLUSTER/log/slurmctld.log
SlurmdLogFile=$CLUSTER/log/slurmd.%n.log
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=15
KillWait=5
MinJobAge=900
SchedulerParameters=batch_sched_delay=0,bf_interval=1,sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
JobRequeue=0
JobCompType=jobcomp/filetxt
JobCompLoc=$CLUSTER/log/finished_jobs
JobAcctGatherFrequency=task=1
$MEMORY_LIMIT
END
        if [ "$accounting" = accounting ]; then
            cat << END
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=17819
AccountingStoragePass=$CLUSTER/run/munge.socket
AccountingStoreFlags=job_comment
END
        else
            echo "AccountingStorageType=accounting_storage/none"
        fi
        for i in $(seq $NODES); do
            echo "NodeName=n$i NodeHostname=$HOST NodeAddr=127.0.0.1 Port=$((17900 + i)) CPUs=2 RealMemory=6000"
        done
        # What is done to jobs and nodes in the other two does not touch the run of the series in the first.
        echo "PartitionName=main Nodes=n[1-2] Default=YES MaxTime=60 DefMemPerCPU=200"
        echo "PartitionName=faults Nodes=n3 MaxTime=60 DefMemPerCPU=200"
        echo "PartitionName=failing Nodes=n[4-5] MaxTime=60 DefMemPerCPU=200"
    } > "$CLUSTER"/etc/slurm.conf
    export SLURM_CONF=$CLUSTER/etc/slurm.conf
    # The plugin takes SLURM_* out of a job's environment: its own srun finds the configuration only here.
    mkdir -p /etc/slurm
    ln -sfn "$SLURM_CONF" /etc/slurm/slurm.conf
    [ ! -s "$CLUSTER"/etc/cgroup.conf ] || ln -sfn "$CLUSTER"/etc/cgroup.conf /etc/slurm/cgroup.conf

    [ "$accounting" = none ] || database_up
    slurmctld -f "$SLURM_CONF"
    for i in $(seq $NODES); do
        mkdir -p "$CLUSTER/spool/n$i"
        slurmd -f "$SLURM_CONF" -N "n$i"
    done
    wait_for 300 "the cluster" all_idle
    say "cluster of $NODES nodes up, accounting: $accounting"
}

all_idle() { [ "$(sinfo -h -N -o %T | grep -c '^idle$')" = $NODES ]; }

database_up() {
    local socket=$CLUSTER/mysql/socket
    chown mysql: "$CLUSTER"/mysql
    chmod 711 "$CLUSTER"
    mariadb-install-db --no-defaults --user=mysql --datadir="$CLUSTER"/mysql --auth-root-authentication-method=socket \
        --skip-test-db > "$CLUSTER"/log/mariadb-install.log 2>&1
    mariadbd --no-defaults --user=mysql --datadir="$CLUSTER"/mysql --socket="$socket" --bind-address=127.0.0.1 \
        --port=17306 --skip-name-resolve --innodb-buffer-pool-size=64M --innodb-lock-wait-timeout=900 \
        --innodb-log-file-size=32M < /dev/null > "$CLUSTER"/log/mariadbd.log 2>&1 &
    echo $! > "$CLUSTER"/run/mariadbd.pid
    wait_for 300 mariadbd mariadb-admin --no-defaults --socket="$socket" ping
    mariadb --no-defaults --socket="$socket" -e "CREATE DATABASE slurm_acct_db; CREATE USER slurm@127.0.0.1
        IDENTIFIED BY 'loop'; GRANT ALL ON slurm_acct_db.* TO slurm@127.0.0.1;"
    cat > "$CLUSTER"/etc/slurmdbd.conf << END
AuthType=auth/munge
AuthInfo=socket=$CLUSTER/run/munge.socket
DbdHost=$HOST
DbdAddr=127.0.0.1
DbdPort=17819
SlurmUser=root
LogFile=$CLUSTER/log/slurmdbd.log
PidFile=$CLUSTER/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=17306
StorageUser=slurm
StoragePass=loop
StorageLoc=slurm_acct_db
END
    chmod 600 "$CLUSTER"/etc/slurmdbd.conf
    # In the foreground: the daemon's own fork writes its pid file before it answers.
    slurmdbd -D < /dev/null > "$CLUSTER"/log/slurmdbd.out 2>&1 &
    echo $! > "$CLUSTER"/run/slurmdbd.pid
    wait_for 300 slurmdbd bash -c "exec 3<> /dev/tcp/127.0.0.1/17819"
    sacctmgr -i add cluster loop > "$CLUSTER"/log/sacctmgr.log 2>&1 || true
}

# Where the machine lets the kernel hold a job to its memory, it does; else Slurm looks once a second.
if [ -d /sys/fs/cgroup/memory ] && mkdir /sys/fs/cgroup/memory/coherion-probe 2> /dev/null; then
    rmdir /sys/fs/cgroup/memory/coherion-probe
    MEMORY_LIMIT=$'ProctrackType=proctrack/cgroup\nTaskPlugin=task/cgroup\nJobAcctGatherType=jobacct_gather/cgroup'
    cat > "$CLUSTER"/etc/cgroup.conf << END
CgroupPlugin=cgroup/v1
CgroupMountpoint=/sys/fs/cgroup
CgroupAutomount=yes
ConstrainCores=no
ConstrainRAMSpace=yes
ConstrainSwapSpace=yes
AllowedRAMSpace=100
AllowedSwapSpace=0
END
else
    MEMORY_LIMIT=$'ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nJobAcctGatherType=jobacct_gather/linux\nJobAcctGatherParams=OverMemoryKill'
fi

if ! getent hosts "$HOST" > /dev/null; then
    cp /etc/hosts "$CLUSTER"/hosts
    echo "127.0.0.1 $HOST" >> /etc/hosts
fi

# The plugin stays out of .venv: with it every start of Snakemake takes longer.
uv pip install --quiet --no-deps --require-hashes --target "$CLUSTER"/plugin -r requirements-slurm.lock
export PYTHONPATH=$CLUSTER/plugin

passed=0 failed=0
# run_tests none|accounting: the tests that need such a cluster; what did not run counts as failed.
run_tests() {
    export COHERION_SLURM=$1
    local counts
    python -m pytest -m slurm -p no:cacheprovider -v --tb=short --junitxml="$CLUSTER/$1.xml" "tests/cluster/test_$1.py" \
        < /dev/null &
    tests=$!
    wait "$tests" || true
    tests=
    counts=$(python - "$CLUSTER/$1.xml" << 'END'
import sys
from xml.etree import ElementTree

suite = ElementTree.parse(sys.argv[1]).getroot().find("testsuite")
bad = sum(int(suite.get(kind)) for kind in ("failures", "errors", "skipped"))
print(int(suite.get("tests")) - bad, bad)
END
    ) || counts="0 1"
    passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
}

cluster_up none
if [ $# -gt 0 ]; then
    "$@"
    exit
fi
run_tests series
cluster_down
cluster_up accounting
run_tests accounting

echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
