# lib.sh - sourced by the daemon tests: real binaries on loopback, TAP out.
#
# Each test runs in a directory of its own, with its own cgroup root, on ports
# the kernel picks, and leaves no process, cgroup or mount behind: t_end checks
# that, whatever happened.
#
#	. "$(dirname "$0")/lib.sh"
#	t_begin
#	start_master; start_agent a1
#	ok "what must hold" test -e file
#	t_end

set -u
TOP=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-build}
case $B in /*) BIN=$B ;; *) BIN=$TOP/$B ;; esac
T_N=0
T_FAILED=0
T_PIDS=
HOST=127.0.0.1
TLS=${TLS:-on}

note() { echo "# $*"; }

# ok TEXT COMMAND...: the command's success is the test.
ok() {
	local text=$1
	shift
	T_N=$((T_N + 1))
	if "$@" >"$T/ok.out" 2>&1; then
		echo "ok $T_N - $text"
	else
		T_FAILED=$((T_FAILED + 1))
		echo "not ok $T_N - $text"
		echo "# failed: $*"
		tail -n 20 "$T/ok.out" | sed 's/^/# /'
	fi
}

# is GOT WANTED TEXT
is() {
	T_N=$((T_N + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $T_N - $3"
	else
		T_FAILED=$((T_FAILED + 1))
		echo "not ok $T_N - $3"
		printf '%s\n' "got:    $1" "wanted: $2" | sed 's/^/# /'
	fi
}

# like GOT PATTERN TEXT: extended regular expression.
like() {
	T_N=$((T_N + 1))
	if printf '%s\n' "$1" | grep -Eq -- "$2"; then
		echo "ok $T_N - $3"
	else
		T_FAILED=$((T_FAILED + 1))
		echo "not ok $T_N - $3"
		printf '%s\n' "got:     $1" "pattern: $2" | head -c 3000 | sed 's/^/# /'
	fi
}

# tap_from COMMAND...: its lines "ok - text" and "not ok - text" become ours; a
# failing exit status is a failed test of its own.
tap_from() {
	local line status
	"$@" >"$T/tap.out" 2>"$T/tap.err"
	status=$?
	while IFS= read -r line; do
		case $line in
		"ok - "*)
			T_N=$((T_N + 1))
			echo "ok $T_N - ${line#ok - }"
			;;
		"not ok - "*)
			T_N=$((T_N + 1))
			T_FAILED=$((T_FAILED + 1))
			echo "not ok $T_N - ${line#not ok - }"
			;;
		*) echo "# ${line#\# }" ;;
		esac
	done <"$T/tap.out"
	[ $status -eq 0 ] || sed 's/^/# /' "$T/tap.err"
	is "$status" 0 "$(basename "$2") ran to its end"
}

# The generated Python modules of the v1 API, made once per build.
v1_proto() {
	export V1_PROTO=$BIN/tests/python
	if [ ! -e "$V1_PROTO/.done" ]; then
		mkdir -p "$V1_PROTO.$$" && (cd "$TOP/proto" && protoc -I. --python_out="$V1_PROTO.$$" \
			$(find mesos -name '*.proto')) && touch "$V1_PROTO.$$/.done" &&
			{ mv -T "$V1_PROTO.$$" "$V1_PROTO" 2>/dev/null || rm -rf "$V1_PROTO.$$"; }
	fi
	export PYTHONPATH=$TOP/tests/lib PYTHONDONTWRITEBYTECODE=1 V1_ADDRESS=${MASTER:-} V1_CA=$CA
	export T BIN CGROOT
}

# py FILE [ARG...]: a Python client as a test program (see tests/lib/tap.py).
py() {
	v1_proto
	tap_from /usr/bin/python3 "$(dirname "$0")/$1" "${@:2}"
}

skip_all() { echo "1..0 # SKIP $*"; exit 0; }

# Waits up to SECONDS for the command to succeed. wait_for 10 test -e x
wait_for() {
	local deadline=$(($(date +%s%N) / 1000000 + $1 * 1000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $(($(date +%s%N) / 1000000)) -lt $deadline ] || return 1
		sleep 0.05
	done
}

t_begin() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/butte-test.XXXXXX") || exit 1
	CGROOT=butte-test-$$-$(basename "$T" | tr -d .)
	MASTER_FLAGS=
	AGENT_FLAGS=
	trap t_abort EXIT
	trap 'exit 1' INT TERM
	if [ "$TLS" = on ]; then
		"$BIN/butte" cert init --dir "$T/ca" >/dev/null &&
			"$BIN/butte" cert issue --dir "$T/ca" --name node \
				--host localhost,127.0.0.1,::1 >/dev/null || exit 1
		SCHEME=https
		CA=$T/ca/ca.crt
		TLS_FLAGS="--tls_cert_file=$T/ca/node.crt --tls_key_file=$T/ca/node.key --tls_ca_file=$CA"
	else
		SCHEME=http
		CA=
		TLS_FLAGS=--tls=off
	fi
}

# The port a daemon says it listens on.
listen_port() { sed -n 's/.* listening: .*port=\([0-9]*\).*/\1/p' "$1" 2>/dev/null | head -n 1; }
has_port() { [ -n "$(listen_port "$1")" ]; }

# start NAME COMMAND...: in the background, logging to $T/NAME.log. PID_NAME is set.
start() {
	local name=$1
	shift
	"$@" >>"$T/$name.out" 2>>"$T/$name.log" </dev/null &
	eval "PID_$name=$!"
	T_PIDS="$T_PIDS $!"
	echo $! >"$T/$name.pid"
	# What ctl.py starts it again with: the port is no longer the kernel's pick.
	printf '%s\0' "$@" >"$T/$name.cmd"
}

# start_master [FLAG...]: on a free port, the same again after a restart.
start_master() {
	[ -n "${MASTER_PORT:-}" ] || : >"$T/master.log"
	local seen
	seen=$(grep -c ' listening: ' "$T/master.log" 2>/dev/null)
	# shellcheck disable=SC2086
	start master "$BIN/butte-master" --ip=$HOST --port="${MASTER_PORT:-0}" \
		--work_dir="$T/master" --hostname=localhost --allocation_interval=200ms \
		$TLS_FLAGS $MASTER_FLAGS "$@"
	wait_for 10 more_lines "$T/master.log" ' listening: ' "$seen" || {
		echo "Bail out! the master did not start"
		sed 's/^/# /' "$T/master.log"
		exit 1
	}
	MASTER_PORT=${MASTER_PORT:-$(listen_port "$T/master.log")}
	MASTER=localhost:$MASTER_PORT
	fix_port master "$MASTER_PORT"
	URL=$SCHEME://$MASTER
	export BUTTE_MASTER=$MASTER
	if [ "$TLS" = on ]; then
		export BUTTE_CACERT=$CA
	else
		export BUTTE_PLAINTEXT=1
	fi
}

more_lines() { [ "$(grep -c -- "$2" "$1")" -gt "$3" ]; }

# start_agent NAME [FLAG...]: again with the same name, it is the same agent.
start_agent() {
	local name=$1 seen port
	shift
	touch "$T/$name.log"
	seen=$(grep -c ' listening: ' "$T/$name.log")
	eval "port=\${PORT_$name:-0}"
	# shellcheck disable=SC2086
	start "$name" "$BIN/butte-agent" --master="$MASTER" --ip=$HOST --port="$port" \
		--hostname=localhost --work_dir="$T/$name" --runtime_dir="$T/$name.run" \
		--launcher_dir="$BIN" --cgroups_root="$CGROOT-$name" \
		--resources="${RESOURCES:-cpus:4;mem:4096;disk:4096;ports:[31000-31999]}" \
		--registration_backoff_factor=50ms $TLS_FLAGS $AGENT_FLAGS "$@"
	wait_for 10 more_lines "$T/$name.log" ' listening: ' "$seen" || {
		echo "Bail out! agent $name did not start"
		sed 's/^/# /' "$T/$name.log"
		exit 1
	}
	[ "$port" != 0 ] || eval "PORT_$name=$(listen_port "$T/$name.log")"
	eval "fix_port \"\$name\" \"\$PORT_$name\""
}

fix_port() { sed -i "s/--port=0/--port=$2/" "$T/$1.cmd"; }

wait_agents() { wait_for "${2:-15}" agents_are "$1"; }
agents_are() { [ "$(get /slaves | json 'len([s for s in d["slaves"] if s["active"]])')" = "$1" ]; }

# kill9 NAME: and wait until it is gone.
kill9() {
	local pid
	eval "pid=\$PID_$1"
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	return 0
}

stop() {
	local pid
	eval "pid=\$PID_$1"
	kill "${2:--TERM}" "$pid" 2>/dev/null
	wait "$pid"
}

alive() { eval "kill -0 \$PID_$1" 2>/dev/null; }

# HTTP with the test's CA.
http() { curl -sS -g --max-time 20 ${CA:+--cacert "$CA"} "$@"; }
get() { http "${@:2}" "$URL$1"; }
# post PATH JSON [curl option...]: status code on the last line
post() {
	local path=$1 body=$2
	shift 2
	http -w '\n%{http_code}' -H 'Content-Type: application/json' -d "$body" "$@" "$URL$path"
}
# json EXPRESSION: d is the document on stdin.
json() { /usr/bin/python3 -c 'import json,sys; d=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

cgroups_left() { find /sys/fs/cgroup -maxdepth 4 -type d -name "$CGROOT*" 2>/dev/null; }

# Ends the daemons and what they left running.
t_kill() {
	local p dir try
	for p in $T_PIDS $(cat "$T"/*.pid 2>/dev/null); do kill -9 "$p" 2>/dev/null; done
	for p in $T_PIDS; do wait "$p" 2>/dev/null; done
	# What a killed agent left running is ended here, so that a failed test
	# does not disturb the next one.
	for try in 1 2 3 4 5 6 7 8 9 10; do
		for dir in $(cgroups_left); do
			find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null |
				xargs -r kill -9 2>/dev/null
			[ ! -e "$dir/freezer.state" ] || find "$dir" -name freezer.state \
				-exec sh -c 'echo THAWED >"$1"' _ {} \; 2>/dev/null
		done
		for dir in $(cgroups_left); do
			find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null
		done
		[ -n "$(cgroups_left)" ] || break
		sleep 0.1
	done
}

t_clean() {
	trap - EXIT
	t_kill
	umount "$T"/mnt* 2>/dev/null
	rm -rf "$T"
}

nothing_left() { [ -z "$(pgrep -f -- "$T/")$(cgroups_left)" ]; }

t_abort() {
	local status=$?
	echo "Bail out! the test stopped early (status $status)"
	for log in "$T"/*.log; do
		[ -e "$log" ] || continue
		echo "# --- $(basename "$log")"
		tail -n 15 "$log" | sed 's/^/# /'
	done
	t_clean
	exit 1
}

# Crashes of ours are failures even if the test did not notice.
t_end() {
	local bad log
	bad=$(grep -lE 'CHECK failed|AddressSanitizer|runtime error:|LeakSanitizer|ThreadSanitizer' "$T"/*.log 2>/dev/null)
	is "$bad" "" "no daemon crashed, leaked or misbehaved"
	if [ $T_FAILED -gt 0 ]; then
		for log in "$T"/*.log; do
			echo "# --- $(basename "$log")"
			tail -n 40 "$log" | cut -c1-400 | sed 's/^/# /'
		done
	fi
	t_kill
	wait_for 10 nothing_left
	is "$(pgrep -af -- "$T/"; cgroups_left)" "" "no process and no cgroup is left behind"
	echo "1..$T_N"
	t_clean
	[ $T_FAILED -eq 0 ]
	exit $?
}
