#!/bin/bash
# kill -9 of the master and both agents at 30 random moments, while a framework
# keeps 20 short tasks running.
. "$(dirname "$0")/lib.sh"
t_begin
start_master
start_agent a1
start_agent a2
ok "both agents register" wait_agents 2
py 21-kill-points.py
ok "every container's cgroups are gone" wait_for 10 sh -c \
	"! find /sys/fs/cgroup -maxdepth 4 -path '*$CGROOT-a*/*' -type d | grep -q ."
t_end
