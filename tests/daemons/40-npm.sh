#!/bin/bash
# An unmodified client from the npm registry, over plain HTTP on loopback.
TLS=off
. "$(dirname "$0")/lib.sh"
t_begin
# make puts the package there (see package.json beside this file).
MODULES=${NPM:-$BIN/npm}/node_modules
[ -d "$MODULES/mesos-framework" ] || {
	echo "Bail out! $MODULES/mesos-framework is missing: run 'make npm'"
	exit 1
}
start_master
start_agent a1
ok "the agent registers" wait_agents 1
export NODE_PATH=$MODULES V1_ADDRESS=$HOST:$MASTER_PORT T
mkdir -p "$T/node/logs"
cp "$TOP/tests/daemons/40-npm.js" "$T/node/"
cd "$T/node" || exit 1
tap_from node "$T/node/40-npm.js"
wait_for 5 sh -c "! curl -sS $URL/frameworks | grep -q '\"frameworks\":\[{'"
is "$(get /frameworks | json 'len(d["frameworks"])')" 0 "its teardown is heard"
t_end
