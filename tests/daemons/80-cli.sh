#!/bin/bash
# The CLI against a real cluster.
. "$(dirname "$0")/lib.sh"
t_begin
export HOME=$T NO_COLOR=1
start_master
start_agent a1
start_agent a2
ok "two agents register" wait_agents 2

out=$("$BIN/butte" run --name hello --command 'echo to stdout; echo to stderr >&2' 2>"$T/run.err")
is "$?" 0 "run exits with the task's 0"
like "$out" '^to stdout$' "the task's stdout is streamed to stdout"
like "$(cat "$T/run.err")" 'to stderr' "and its stderr to stderr"
"$BIN/butte" run --name three --command 'exit 3' >/dev/null 2>&1
is "$?" 3 "run exits with the task's 3"
"$BIN/butte" run --name sig --command 'kill -9 $$' >/dev/null 2>&1
is "$?" 137 "a task ended by signal 9: 128 + 9"
out=$("$BIN/butte" run --name env --env 'A=one two' --command 'echo "$A"' 2>/dev/null)
like "$out" '^one two$' "--env reaches the task"
out=$("$BIN/butte" run --name many --instances 4 --cpus 0.1 --mem 32 --command 'echo many' 2>/dev/null)
is "$(printf '%s\n' "$out" | grep -c many)" 4 "--instances 4 runs four"

"$BIN/butte" run --name long --command 'echo begun; exec sleep 1234' >"$T/long.out" 2>"$T/long.err" &
LONG=$!
T_PIDS="$T_PIDS $LONG"
ok "a long task prints as it runs" wait_for 20 grep -q begun "$T/long.out"

out=$("$BIN/butte" agent list)
is "$(printf '%s\n' "$out" | head -n 1 | tr -d 'a-z')" "$(printf '%s\n' "$out" | head -n 1)" "a table's header is in capitals"
is "$(printf '%s\n' "$out" | tail -n +2 | grep -c localhost)" 2 "agent list shows both"
is "$("$BIN/butte" agent list -o json | json 'len(d) if isinstance(d, list) else len(d["agents"])')" 2 "-o json is JSON"
is "$("$BIN/butte" agent list -o name | wc -l)" 2 "-o name is one id a line"
ID=$("$BIN/butte" agent list -o name | head -n 1)
like "$("$BIN/butte" agent show "$ID")" "$ID" "agent show"
like "$("$BIN/butte" framework list)" 'butte run|long|run' "framework list"
FW=$("$BIN/butte" framework list -o name | head -n 1)
like "$("$BIN/butte" framework show "$FW")" "$FW" "framework show"
like "$("$BIN/butte" task list)" 'RUNNING' "task list"
TASK=$("$BIN/butte" task list -o name | head -n 1)
like "$("$BIN/butte" task show "$TASK")" "$TASK" "task show"
like "$("$BIN/butte" task logs "$TASK")" 'begun' "task logs"
like "$("$BIN/butte" task files ls "$TASK")" 'stdout' "task files ls"
like "$("$BIN/butte" task files cat "$TASK" stdout)" 'begun' "task files cat"
ok "task files cp" "$BIN/butte" task files cp "$TASK" stdout "$T/copied"
like "$(cat "$T/copied")" 'begun' "copies the file"
like "$("$BIN/butte" master show)" "$MASTER_PORT" "master show"
like "$("$BIN/butte" version)" '[0-9]+\.[0-9]+' "version"
like "$("$BIN/butte" config show 2>&1)" 'master' "config show"
timeout 3 "$BIN/butte" events -f >"$T/events" 2>&1 &
sleep 0.5
"$BIN/butte" run --name seen --command true >/dev/null 2>&1
wait $!
like "$(cat "$T/events")" 'TASK' "events -f shows what happens"
ok "task kill" "$BIN/butte" task kill "$TASK"
wait "$LONG"
ok "the followed run ends with it" test "$?" -ne 0

out=$("$BIN/butte" agnet list 2>&1)
is "$?" 2 "an unknown command exits with 2"
like "$out" 'agent' "did you mean"
out=$("$BIN/butte" --master localhost:1 agent list 2>&1)
is "$?" 1 "no master: 1"
like "$out" 'localhost:1' "the error names the address tried"
out=$("$BIN/butte" task show nonsuch 2>&1)
is "$?" 1 "an unknown task: 1"
like "$out" 'nonsuch' "and its name"
out=$("$BIN/butte" run --name x --cpus lots --command true 2>&1)
is "$?" 2 "a bad value: 2"
ok "--help has examples" sh -c "'$BIN/butte' run --help | grep -qi example"
FW=$("$BIN/butte" framework list -o name 2>/dev/null | head -n 1)
t_end
