#!/bin/bash
# An agent without rights: no cgroups, no other users; it says so and works.
. "$(dirname "$0")/lib.sh"
t_begin
[ "$(id -u)" = 0 ] || skip_all "needs root to become somebody else"
su -s /bin/sh nobody -c "test -x '$BIN/butte-agent'" || skip_all "nobody may not run $BIN/butte-agent"
chmod 755 "$T"
start_master
mkdir "$T/n"
chown nobody "$T/n"
[ "$TLS" = off ] || chmod -R a+rX "$T/ca"
# shellcheck disable=SC2086
start n setpriv --reuid=nobody --regid=nogroup --clear-groups "$BIN/butte-agent" --master="$MASTER" \
	--ip=$HOST --port=0 --hostname=localhost --work_dir="$T/n/w" --runtime_dir="$T/n/r" \
	--launcher_dir="$BIN" --resources='cpus:4;mem:4096;disk:4096' --no-switch_user $TLS_FLAGS
ok "it registers" wait_agents 1
like "$(cat "$T/n.log")" 'ERROR .*no_cgroups: why=.*consequence=' "it says what that means"
run() { "$BIN/butte" run --quiet "$@" 2>"$T/run.err"; }
is "$(run --command 'id -un; exit 7')" nobody "a task runs as the agent"
run --command 'exit 7'
is $? 7 "and its status arrives"
"$BIN/butte" run --name long --command 'trap "" TERM; (sleep 4321 & sleep 4322) ; sleep 4323' >/dev/null 2>&1 &
RUN=$!
ok "a task with children runs" wait_for 10 pgrep -u nobody -f 'sleep 4322'
kill -INT $RUN
ok "killed: it and its children are gone" wait_for 15 sh -c "! pgrep -u nobody -f 'sleep 432[123]'"
wait $RUN
t_end
