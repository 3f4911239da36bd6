#!/bin/bash
# Agents that go away, come back, change, reboot; where their options come from.
. "$(dirname "$0")/lib.sh"
t_begin
# quit NAME SIGNAL: also what ctl.py started.
quit() {
	local pid
	pid=$(cat "$T/$1.pid")
	kill "$2" "$pid"
	ok "$1 ends" wait_for 15 sh -c "! grep -qs '^State:[^Z]*$' /proc/$pid/status"
}
start_master --allow_short_timeouts --agent_ping_timeout=200ms --max_agent_ping_timeouts=3 \
	--agent_reregister_timeout=1500ms
start_agent a1
ok "the agent registers" wait_agents 1
py 25-agents.py lost
py 25-agents.py changed
py 25-agents.py rebooted

# One work_dir, one agent.
out=$(timeout 10 "$BIN/butte-agent" --master="$MASTER" --ip=$HOST --port=0 --work_dir="$T/a1" \
	--runtime_dir="$T/other.run" --launcher_dir="$BIN" --cgroups_root="$CGROOT-other" $TLS_FLAGS 2>&1)
status=$?
like "$status" '^[1-9]$|^1[0-9]$' "a second agent on the same work_dir does not start"
like "$out" "$T/a1.*(other|another|in use|locked)|(other|another|in use|locked).*$T/a1" "and says why"
out=$(timeout 3 "$BIN/butte-agent" --master="$MASTER" --ip=$HOST --port=0 --work_dir="$T/other" \
	--runtime_dir="$T/other.run" --launcher_dir="$BIN" --cgroups_root="$CGROOT-a1" $TLS_FLAGS 2>&1)
status=$?
like "$status" '^[1-9]$|^1[0-9]$' "nor one on the same cgroups"
like "$out" "$CGROOT-a1" "and says why"

# The first of several masters is dead; options from the environment and a file.
quit a1 -USR1
echo "attributes=rack:file;level:3
# a comment
resources=cpus:1;mem:64" >"$T/agent.conf"
export BUTTE_RESOURCES='cpus:2.5;mem:512;disk:10;ports:[1-5]' BUTTE_HOSTNAME=from-env
start env "$BIN/butte-agent" --master="127.0.0.1:1,$MASTER" --ip=$HOST --port=0 --hostname=from-flag \
	--work_dir="$T/env" --runtime_dir="$T/env.run" --launcher_dir="$BIN" --cgroups_root="$CGROOT-env" \
	--registration_backoff_factor=50ms --config="$T/agent.conf" $TLS_FLAGS
unset BUTTE_RESOURCES BUTTE_HOSTNAME
ok "an agent whose first --master is dead finds the second" wait_agents 1
S='d["slaves"][0]'
is "$(get /slaves | json "${S}[\"resources\"][\"cpus\"]")" 2.5 "the environment comes before --config"
is "$(get /slaves | json "${S}[\"hostname\"]")" from-flag "a flag before the environment"
is "$(get /slaves | json "[${S}[\"attributes\"][k] for k in ('rack','level')]")" "['file', 3.0]" "the rest is from --config"
A=$SCHEME://localhost:$(listen_port "$T/env.log")
is "$(http "$A/flags" | json 'd["flags"]["attributes"]')" "rack:file;level:3" "/flags shows what counts"
quit env -USR1
ok "it unregisters" wait_agents 0

# Half of the agents may not become unreachable at once.
quit master -TERM
start_master --allow_short_timeouts --agent_ping_timeout=200ms --max_agent_ping_timeouts=2 \
	--agent_reregister_timeout=1500ms --agent_removal_rate_limit=1/2secs
start_agent b1
start_agent b2
ok "two agents register" wait_agents 2
py 25-agents.py limited
t_end
