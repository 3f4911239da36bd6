#!/bin/bash
# A framework and its own executor by libbutte: messages both ways, and an agent
# that is killed while they run.
. "$(dirname "$0")/lib.sh"
t_begin
CUSTOM=$BIN/tests/daemons/custom
start_master
start_agent a1
ok "the agent registers" wait_agents 1

out=$(timeout 60 "$CUSTOM" framework 20)
is "$?" 0 "twenty tasks in one executor end well"
like "$out" 'running=20 echoed=20 finished=20' "messages went both ways"
is "$(printf '%s\n' "$out" | grep -c 'call .* failed')" 0 "no call was refused"

timeout 120 "$CUSTOM" hold >"$T/hold.out" 2>&1 &
HOLD=$!
T_PIDS="$T_PIDS $HOLD"
ok "a task runs" wait_for 20 grep -q 'custom-0 TASK_RUNNING' "$T/hold.out"
PID=$(sed -n 's/.*TASK_RUNNING pid //p' "$T/hold.out" | head -n 1)
kill9 a1
sleep 1
ok "its executor outlives the agent" kill -0 "$PID"
start_agent a1
ok "the agent is back" wait_agents 1
kill -TERM $HOLD
ok "and its executor too: the task can be told to end" wait_for 30 grep -q 'custom-0 TASK_FINISHED as told' "$T/hold.out"
wait $HOLD
is "$?" 0 "the framework ends well"
ok "the executor has ended" wait_for 10 sh -c "! kill -0 $PID"

timeout 120 "$CUSTOM" hold >"$T/hold2.out" 2>&1 &
HOLD=$!
T_PIDS="$T_PIDS $HOLD"
ok "another task runs" wait_for 20 grep -q 'custom-0 TASK_RUNNING' "$T/hold2.out"
kill9 master
start_master
ok "the agent finds the new master" wait_agents 1 30
sleep 1
kill -TERM $HOLD
wait $HOLD
is "$?" 0 "the framework subscribed again and went on"
t_end
