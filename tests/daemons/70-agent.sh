#!/bin/bash
# Tasks that misbehave; signals to the agent; changed resources.
. "$(dirname "$0")/lib.sh"
t_begin
start_master
start_agent a1
ok "the agent registers" wait_agents 1
py 70-agent.py
ok "every container's cgroups are gone" wait_for 10 sh -c \
	"! find /sys/fs/cgroup -maxdepth 4 -path '*$CGROOT-a1/*' -type d | grep -q ."
t_end
