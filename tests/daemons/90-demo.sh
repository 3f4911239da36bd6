#!/bin/bash
# scripts/demo, as a newcomer runs it: counts, checks itself, leaves nothing.
. "$(dirname "$0")/lib.sh"
t_begin
export TMPDIR=$T
out=$(cd "$T" && B=$BIN "$TOP/scripts/demo" 2>"$T/demo.err" </dev/null)
status=$?
[ $status -eq 0 ] || { printf '%s\n' "$out" | tail -n 20 | sed 's/^/# /'; tail -n 20 "$T/demo.err" | sed 's/^/# /'; }
is "$status" 0 "the demo succeeds"
like "$out" '[0-9]+ tasks' "it says how many tasks ran"
like "$out" 'the' "it prints the top words"
like "$out" 'check|equal|same|agree|match' "it compares with a count made without the cluster"
is "$(find "$T" -maxdepth 1 -name 'butte-demo*' | wc -l)" 0 "it removes what it made"
is "$(pgrep -fc "$BIN/butte-(master|agent) .*$T")" 0 "no daemon is left"
out=$("$TOP/scripts/demo" --no-install 2>&1 </dev/null)
like "$out" 'gcc|Nothing|nothing|installed' "--no-install prints the list and stops"
t_end
