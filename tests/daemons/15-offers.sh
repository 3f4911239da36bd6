#!/bin/bash
# Who is offered what, for how long, and what an ACCEPT may do with it.
. "$(dirname "$0")/lib.sh"
t_begin
FAST="--allow_short_timeouts --agent_reregister_timeout=2secs"
start_master $FAST --weights=heavy=3
RESOURCES='cpus:1;mem:256;disk:0;ports:[31000-31009]'
for a in a1 a2 a3 a4; do start_agent $a; done
ok "four agents register" wait_agents 4
py 15-offers.py shares
for a in a2 a3 a4; do stop $a -USR1; done
ok "three unregister" wait_agents 1
py 15-offers.py filters
py 15-offers.py frameworks
RESOURCES='cpus(held):1;mem(held):64;cpus:1;mem:64;disk:0;ports(held):[32000-32009];ports:[31000-31009]' start_agent r1
ok "an agent with reservations registers" wait_agents 2
py 15-offers.py roles
stop r1 -USR1
RESOURCES='cpus:0.009;mem:31;disk:100;ports:[31000-31009]' start_agent tiny
ok "an agent with next to nothing registers" wait_agents 2
py 15-offers.py tiny
stop tiny -USR1
RESOURCES='cpus:1;mem:256;disk:0;ports:[31000-31009]' start_agent a5
ok "a second agent registers" wait_agents 2
py 15-offers.py accept
kill9 master
start_master $FAST --offer_timeout=1secs --roles=allowed
ok "the agents are back" wait_agents 2
py 15-offers.py restarted
t_end
