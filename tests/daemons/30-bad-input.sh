#!/bin/bash
# Bad input over the wire and on the command line.
. "$(dirname "$0")/lib.sh"
t_begin
start_master
start_agent a1
ok "the agent registers" wait_agents 1
py 30-bad-input.py

# refused PROGRAM PATTERN FLAG...: does not start, says why.
refused() {
	local program=$1 pattern=$2 out status
	shift 2
	# Without BUTTE_MASTER, which is the same as --master to the agent.
	out=$(timeout 10 env -u BUTTE_MASTER "$BIN/$program" "$@" 2>&1 </dev/null)
	status=$?
	if [ $status -eq 0 ] || [ $status -ge 124 ]; then
		like "started" "$pattern" "$program $* is refused"
	else
		like "$out" "$pattern" "$program $* is refused"
	fi
}
W="--work_dir=$T/refused"
P="--tls=off --ip=127.0.0.1"
refused butte-master 'did you mean.*work_dir' --wrok_dir=/tmp
refused butte-master 'work_dir' --tls=off --ip=127.0.0.1
refused butte-master 'allocation_interval.*fast' "$W" $P --allocation_interval=fast
refused butte-master 'agent_ping_timeout.*1secs.*15mins' "$W" $P --agent_ping_timeout=20mins
refused butte-master 'max_agent_ping_timeouts' "$W" $P --max_agent_ping_timeouts=0
refused butte-master 'agent_reregister_timeout.*10mins' "$W" $P --agent_reregister_timeout=1mins
refused butte-master 'port' "$W" $P --port=70000
refused butte-master 'min_allocatable_resources' "$W" $P --min_allocatable_resources=cpus
refused butte-master 'tls_cert_file' "$W" --ip=127.0.0.1
refused butte-master 'No such file' "$W" --ip=127.0.0.1 --tls_cert_file=/nowhere.crt --tls_key_file=/nowhere.key
refused butte-master 'allow_plaintext|loopback' "$W" --tls=off --ip=0.0.0.0
refused butte-master 'weights' "$W" $P --weights=a=-1
refused butte-agent 'master' "$W" $P
refused butte-agent 'resources.*cpus' "$W" $P --master=127.0.0.1:1 --resources='cpus:x'
refused butte-agent 'resources' "$W" $P --master=127.0.0.1:1 --resources='[{"name":"cpus"'
refused butte-agent 'resources' "$W" $P --master=127.0.0.1:1 --resources='cpus:1;cpus:[1-2]'
refused butte-agent 'attributes' "$W" $P --master=127.0.0.1:1 --attributes='rack'
refused butte-agent 'attributes' "$W" $P --master=127.0.0.1:1 --attributes='a:{b,c}'
ok "the master still answers" get /health
t_end
