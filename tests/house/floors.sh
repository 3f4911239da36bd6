#!/bin/bash
# floors.sh - the tree keeps its floors, and check-floors.sh sees who doesn't.
set -u
. tests/tap.bash

check=$PWD/scripts/check-floors.sh
tree() { (cd "$tap_dir/t" && "$check"); }

# seed NAME PATTERN FILE LINE...: a small sound tree with one bad file in it.
seed() {
	local name=$1 pattern=$2 file=$3

	shift 3
	rm -rf "$tap_dir/t"
	mkdir -p "$tap_dir"/t/{common,master,agent/executor,cli} \
		"$tap_dir"/t/sched/{demo,include/butte}
	(
		cd "$tap_dir/t" || exit
		touch common/{mem,io_http,frame}.h master/offer.h agent/run.h \
			sched/driver.h sched/include/butte/scheduler.h
		echo '#include "common/mem.h"' >common/frame.h
		printf '#include "%s"\n' master/offer.h common/frame.h \
			mesos/v1/mesos.pb-c.h >master/offer.c
	)
	[ "$pattern" = none ] || printf '%s\n' "$@" >"$tap_dir/t/$file"
	if [ "$pattern" = none ]; then
		tap "$name" tree
	else
		tap_fails "$name" "^$file:[0-9]+: $pattern" tree
	fi
}

tap "the tree keeps its floors" "$check"
seed "a sound tree passes" none none
seed "ground includes words" 'floor 1 .*common/frame.h' \
	common/buf.c '#include "common/frame.h"'
seed "a room includes an edge" 'floor 3 .*common/io_http.h' \
	master/alloc.c '#include "common/io_http.h"'
seed "the words include an edge" 'floor 2 .*common/io_http.h' \
	common/msg.h '#include "common/io_http.h"'
seed "common includes a room" 'common/ includes "master/offer.h"' \
	common/io_store.c '#include "master/offer.h"'
seed "a room includes its sibling" 'master/ includes "agent/run.h"' \
	master/alloc.c '#include "agent/run.h"'
seed "the executor includes the agent" 'executor/ includes "agent/run.h"' \
	agent/executor/task.c '#include "agent/run.h"'
seed "the CLI includes the master" 'cli/ includes "master/offer.h"' \
	cli/table.c '#include "master/offer.h"'
seed "the demo goes behind the library" 'the demo uses the library' \
	sched/demo/words.c '#include "sched/driver.h"'
seed "a path that is not from the root" '"offer.h" is not a path' \
	master/alloc.c '#include "offer.h"'
seed "another header before its own" 'its own header comes first' \
	master/offer.c '#include <stdio.h>' '#include "master/offer.h"'
seed "a public header that needs ours" 'a public header can not' \
	sched/include/butte/executor.h '#include "common/mem.h"'
tap_done
