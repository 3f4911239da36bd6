#!/bin/bash
# HTTP as clients speak it; the v0 endpoints' keys; the operators' calls.
. "$(dirname "$0")/lib.sh"
t_begin
start_master
start_agent a1 --attributes='rack:r1;level:3'
ok "the agent registers" wait_agents 1
V1_AGENT=localhost:$PORT_a1
export V1_AGENT
py 35-http.py

# Prefixes and IPv6.
A=$SCHEME://$V1_AGENT
for p in /health /master/health '/master/version' '/health/'; do
	is "$(http -o /dev/null -w '%{http_code}' "$URL$p")" 200 "master $p"
done
for p in /health '/slave(1)/health' '/slave%281%29/health' '/slave(1)/state'; do
	is "$(http -o /dev/null -w '%{http_code}' "$A$p")" 200 "agent $p"
done
if [ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6; then
	start six "$BIN/butte-master" --ip=::1 --port=0 --work_dir="$T/six" --hostname=localhost $TLS_FLAGS
	ok "a master on ::1 starts" wait_for 10 has_port "$T/six.log"
	port=$(listen_port "$T/six.log")
	is "$(http -o /dev/null -w '%{http_code}' "$SCHEME://[::1]:$port/health")" 200 "and answers there"
	start sixa "$BIN/butte-agent" --master="[::1]:$port" --ip=::1 --port=0 --hostname=localhost \
		--work_dir="$T/sixa" --runtime_dir="$T/sixa.run" --launcher_dir="$BIN" \
		--cgroups_root="$CGROOT-sixa" --registration_backoff_factor=50ms \
		--resources='cpus:1;mem:128' $TLS_FLAGS
	six_up() { [ "$(http "$SCHEME://[::1]:$port/slaves" | json 'len(d["slaves"])')" = 1 ]; }
	ok "an agent on ::1 registers there" wait_for 10 six_up
	like "$(http "$SCHEME://[::1]:$port/slaves" | json 'd["slaves"][0]["pid"]')" '^slave\(1\)@\[::1\]:[0-9]+$' "its pid has brackets"
	ok "a task runs there" env BUTTE_MASTER="[::1]:$port" "$BIN/butte" run --quiet --name six --command true
else
	note "no IPv6 on this machine"
fi
t_end
