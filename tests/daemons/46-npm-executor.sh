#!/bin/bash
# The npm package's Executor, unmodified: over plain HTTP on loopback, as it can
# nothing else, started by the agent for a framework in Python.
TLS=off
. "$(dirname "$0")/lib.sh"
t_begin
# make puts the package there (see package.json beside this file).
MODULES=${NPM:-$BIN/npm}/node_modules
[ -d "$MODULES/mesos-framework" ] || {
	echo "Bail out! $MODULES/mesos-framework is missing: run 'make npm'"
	exit 1
}
export NODE_PATH=$MODULES
start_master
start_agent a1
ok "the agent registers" wait_agents 1
py 46-npm-executor.py
t_end
