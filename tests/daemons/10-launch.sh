#!/bin/bash
# The product's main job: an independent v1 client, both codecs, over TLS.
. "$(dirname "$0")/lib.sh"
t_begin
start_master
start_agent a1
ok "the agent registers" wait_agents 1
py 10-launch.py protobuf
py 10-launch.py json
ok "every container's cgroups are gone" wait_for 10 sh -c \
	"! find /sys/fs/cgroup -maxdepth 4 -path '*$CGROOT-a1/*' -type d | grep -q ."
is "$(get /health -o /dev/null -w '%{http_code}')" 200 "/health"
is "$(get /master/slaves | json 'd["slaves"][0]["used_resources"]["cpus"]')" 0.0 "nothing is held once all is over"
t_end
