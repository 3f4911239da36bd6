#!/bin/bash
# names.sh - global names say their file, and check-names.sh sees which don't.
set -u
. tests/tap.bash

check=$PWD/scripts/check-names.sh
tree() { (cd "$tap_dir/t" && B=b "$check"); }

# seed NAME PATTERN FILE CODE
seed() {
	rm -rf "$tap_dir/t"
	mkdir -p "$tap_dir"/t/{common,master,agent,sched,cli}
	(
		cd "$tap_dir/t" || exit
		mkdir -p "b/$(dirname "$3")"
		printf '%s\n' "$4" >"$3"
		${CC:-cc} -w -c -o "b/${3%.c}.o" "$3"
	) || return
	if [ "$2" = none ]; then
		tap "$1" tree
	else
		tap_fails "$1" "$2" tree
	fi
}

tap "global names begin with their file's" "$check"
seed "a prefix and a static pass" none master/offer.c \
	'int offer_max; static int f(void) { return 1; } int offer_f(void) { return f(); }'
seed "io_ is no part of the prefix" none common/io_store.c 'int store_n = 1;'
seed "the library's public names pass" none sched/driver.c \
	'int butte_scheduler_new(void) { return 0; }'
seed "a function without it" 'master/offer.c: make$' master/offer.c \
	'int make(void) { return 0; }'
seed "a variable without it" 'common/io_store.c: io_store_n$' common/io_store.c \
	'int io_store_n = 1;'
seed "butte_ outside of the library" 'cli/table.c: butte_table$' cli/table.c \
	'int butte_table = 1;'
seed "more than main in main.c" 'master/main.c: usage$' master/main.c \
	'void usage(void) { } int main(void) { return 0; }'
tap_done
