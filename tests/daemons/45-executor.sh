#!/bin/bash
# An executor of a framework's own, through the agent's executor API.
. "$(dirname "$0")/lib.sh"
t_begin
start_master
start_agent a1
ok "the agent registers" wait_agents 1
py 45-executor.py
ok "every container's cgroups are gone" wait_for 15 sh -c \
	"! find /sys/fs/cgroup -maxdepth 4 -path '*$CGROOT-a1/*' -type d | grep -q ."
t_end
