#!/bin/bash
# A guest that wants more than it was given: others' executors, others' files,
# the daemons' own.
. "$(dirname "$0")/lib.sh"
t_begin
[ "$(id -u)" = 0 ] || skip_all "needs root for tasks of another user"
chmod 755 "$T" # tasks of others must reach the agent's socket
start_master
start_agent a1
ok "the agent registers" wait_agents 1
py 76-hostile.py

# refused PATTERN FLAG...: the agent does not start.
refused() {
	local pattern=$1
	shift
	# shellcheck disable=SC2086
	like "$(timeout 5 "$BIN/butte-agent" --master="$MASTER" --ip=$HOST --port=0 \
		--work_dir="$T/b" --runtime_dir="$T/b.run" --cgroups_root="$CGROOT-b" \
		--launcher_dir="$BIN" $TLS_FLAGS "$@" 2>&1)" "$pattern" "refused: $pattern"
}
mkdir -p "$T/nobody" "$T/open"
chown nobody "$T/nobody"
chmod 777 "$T/open"
refused "'$T/nobody' is user .*chown" --work_dir="$T/nobody"
refused "'$T/nobody' is user .*chown" --runtime_dir="$T/nobody"
refused "everybody can replace what is in '$T/open'" --runtime_dir="$T/open"
chmod 644 "$T/ca/node.key"
stop a1
start_agent a1
like "$(cat "$T/a1.log")" "tls_key_open: file='$T/ca/node.key' mode=0644" "a key that others can read is warned of"
t_end
