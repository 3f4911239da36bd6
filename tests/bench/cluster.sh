#!/bin/bash
# What the whole cluster does on this machine: real binaries, TLS, real cgroups,
# sqlite with fsync. Prints one figure per line: median, min and max of RUNS.
. "$(dirname "$0")/../daemons/lib.sh"
RUNS=${RUNS:-5}
TASKS=${TASKS:-500}
LOAD=$BIN/tests/daemons/load

# figure NAME UNIT VALUE...
figure() {
	local name=$1 unit=$2
	shift 2
	printf '%s\n' "$@" | sort -n | awk -v name="$name" -v unit="$unit" \
		'{ v[NR] = $1 } END { printf "%-54s median %10.2f  min %10.2f  max %10.2f  %s (%d runs)\n",
			name, v[int((NR + 1) / 2)], v[1], v[NR], unit, NR }'
}
value() { sed -n "s/.*$1=\([0-9.]*\).*/\1/p"; }
rss_mb() { awk '/^VmRSS/ { printf "%.2f\n", $2 / 1024 }' "/proc/$1/status"; }
cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
private_kb() { awk '/^Private_/ { s += $2 } END { print s }' "/proc/$1/smaps_rollup"; }

repeat() { # repeat NAME UNIT KEY COMMAND...
	local name=$1 unit=$2 key=$3 i values=
	shift 3
	for i in $(seq "$RUNS"); do
		values="$values $("$@" 2>>"$T/load.err" | value "$key")"
	done
	# shellcheck disable=SC2086
	figure "$name" "$unit" $values
}

t_begin
echo "# commit $(git -C "$TOP" rev-parse --short HEAD 2>/dev/null), $(uname -r), $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)"
RESOURCES="cpus:64;mem:65536;disk:4096;ports:[31000-31999]"
start_master
start_agent a1
wait_agents 1 || exit 1
sleep 2
figure 'master, idle, RSS' MB "$(rss_mb "$PID_master")"
AGENT_IDLE=$(rss_mb "$PID_a1")
figure 'agent, idle, RSS' MB "$AGENT_IDLE"
repeat "one task end to end, idle cluster" ms median_ms "$LOAD" latency 20 true
repeat "tasks/s, one agent ($TASKS of 'true')" tasks/s tasks_per_s "$LOAD" run "$TASKS" true
start_agent a2
wait_agents 2 || exit 1
repeat "tasks/s, two agents ($TASKS of 'true')" tasks/s tasks_per_s "$LOAD" run "$TASKS" true
stop a2

"$LOAD" hold 1000 'exec sleep 100000' >"$T/hold.out" 2>>"$T/load.err" &
HOLD=$!
wait_for 120 grep -q running "$T/hold.out" || exit 1
sleep 5
figure 'master, 1000 sleeps, RSS' MB "$(rss_mb "$PID_master")"
figure 'agent, 1000 sleeps, RSS' MB "$(rss_mb "$PID_a1")"
figure 'agent, memory per idle task' KB "$(awk -v a="$AGENT_IDLE" -v b="$(rss_mb "$PID_a1")" \
	'BEGIN { print (b - a) * 1024 / 1000 }')"
for p in $(pgrep -x butte-executor | head -n 50); do private_kb "$p"; done >"$T/private"
# shellcheck disable=SC2046
figure "executor of a running task, private memory" KB $(cat "$T/private")
# shellcheck disable=SC2046
figure "executor of a running task, RSS" MB \
	$(for p in $(pgrep -x butte-executor | head -n 50); do rss_mb "$p"; done)
before=$(cpu_ticks "$PID_a1")
sleep 10
after=$(cpu_ticks "$PID_a1")
figure "agent, CPU with 1000 idle tasks" "% of a core" \
	"$(awk -v a="$before" -v b="$after" -v hz="$(getconf CLK_TCK)" 'BEGIN { print (b - a) / hz / 10 * 100 }')"
kill "$HOLD"
wait "$HOLD"

DECLINE="$BIN/tests/daemons/decline localhost"
# shellcheck disable=SC2086
repeat "DECLINE over TLS, per CPU second of the master" calls calls_per_cpu_s \
	$DECLINE "$MASTER_PORT" "$PID_master" 2 "$CA"
# shellcheck disable=SC2086
repeat "DECLINE over TLS, with the client on the same cores" calls/s calls_per_s \
	$DECLINE "$MASTER_PORT" "$PID_master" 2 "$CA"
stop a1
stop master
unset MASTER_PORT
TLS_FLAGS=--tls=off CA='' SCHEME=http
start_master
# shellcheck disable=SC2086
repeat "DECLINE over plain HTTP, per CPU second of the master" calls calls_per_cpu_s \
	$DECLINE "$MASTER_PORT" "$PID_master" 2
t_clean
