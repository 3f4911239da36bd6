#!/bin/bash
# Half requests, 10,000 idle connections, readers that don't read.
. "$(dirname "$0")/lib.sh"
t_begin
start_master
py 60-limits.py tls
ok "the master stops in order" stop master
unset MASTER_PORT
TLS=off SCHEME=http CA='' TLS_FLAGS=--tls=off
ulimit -n "$(ulimit -Hn)"
start_master
py 60-limits.py plain
t_end
