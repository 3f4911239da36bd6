#!/bin/bash
# pure.sh - libcore.a is pure, and check-pure.sh sees what isn't.
set -u
. tests/tap.bash

check=$PWD/scripts/check-pure.sh
tree() { (cd "$tap_dir/t" && B=b "$check"); }

# seed NAME PATTERN FILE CODE: a library of one object.
seed() {
	rm -rf "$tap_dir/t"
	mkdir -p "$tap_dir"/t/{common,master,agent,sched,b}
	printf '%s\n' "$4" >"$tap_dir/t/$3"
	(
		cd "$tap_dir/t" &&
			${CC:-cc} -O1 -w -c -o "b/$(basename "$3" .c).o" "$3" &&
			ar rc b/libcore.a b/*.o
	) || return
	if [ "$2" = none ]; then
		tap "$1" tree
	else
		tap_fails "$1" "$2" tree
	fi
}

tap "libcore.a is pure" "$check"
seed "memory and text pass" none common/x.c \
	'#include <stdlib.h>
	void *x_f(void) { return malloc(3); }'
seed "the clock" 'x.o calls time$' master/x.c \
	'long time(long *); long x_f(void) { return time(0); }'
seed "randomness" 'x.o calls rand$' agent/x.c \
	'int rand(void); int x_f(void) { return rand(); }'
seed "the environment" 'x.o calls getenv$' sched/x.c \
	'char *getenv(const char *); char *x_f(void) { return getenv("A"); }'
seed "a file" 'x.o calls open$' common/x.c \
	'int open(const char *, int, ...); int x_f(void) { return open("a", 0); }'
seed "a socket" 'x.o calls socket$' common/x.c \
	'int socket(int, int, int); int x_f(void) { return socket(1, 1, 0); }'
seed "a file through json-c" 'calls json_object_from_file' common/x.c \
	'void *json_object_from_file(const char *);
	void *x_f(void) { return json_object_from_file("a"); }'
seed "printing, outside of CHECK" 'x.o calls (printf|puts)' common/x.c \
	'int puts(const char *); int x_f(void) { return puts("a"); }'
seed "a header with I/O in it" 'common/x.c:1: <unistd.h> in a pure file' \
	common/x.c '#include <unistd.h>'
seed "a header of libevent" 'master/x.c:1: <event2/event.h>' \
	master/x.c '#include <event2/event.h>'
seed "floating point in the allocator" \
	'master/share.c:1: floating point where shares are decided' master/share.c \
	'double x_f(double d) { return d / 2; }'
tap_done
