#!/bin/bash
# A full disk under the agent's work_dir: said clearly, nothing lost, and when
# there is room again the agent comes back with what ran.
. "$(dirname "$0")/lib.sh"
t_begin
[ "$(id -u)" = 0 ] || skip_all "needs root to mount a tmpfs"
mkdir "$T/mnt"
mount -t tmpfs -o size=6m tmpfs "$T/mnt" || skip_all "no tmpfs can be mounted here"
start_master
ln -s "$T/mnt" "$T/a1"
start_agent a1
ok "the agent registers" wait_agents 1
py 71-disk-full.py
umount -l "$T/mnt"
t_end
