#!/bin/bash
# check-names.sh - a global symbol says which file it is from.
#
# Every global symbol of offer.c begins with offer_, of io_store.c with store_
# (or is just that word: http_server_listen of io_http_server_listen.c),
# read from the objects in $B (default: build). What is public in the library
# (sched/) may begin with butte_. Exceptions, complete:
#
#	common/mem.c	xmalloc and the like: the names that git and others gave
#			to allocation that aborts; and mem_
#	*/main.c	main, and nothing else
#	tests/fuzz/	libFuzzer's entry
set -u

B=${B:-build}
bad=0
files=$(find common master agent sched cli -name '*.c' 2>/dev/null | sort)

for f in $files; do
	case $f in
	agent/executor/*) o=$B/static/${f%.c}.o ;;
	*) o=$B/${f%.c}.o ;;
	esac
	[ -f "$o" ] || o=$B/${f%.c}.o
	if [ ! -f "$o" ]; then
		echo "check-names: $f: no object $o: make all"
		bad=1
		continue
	fi
	stem=${f##*/}
	stem=${stem%.c}
	stem=${stem#io_}
	case $f in
	common/mem.c) pattern='^(mem_|x[a-z])' ;;
	*/main.c) pattern='^main$' ;;
	sched/demo/*) pattern="^${stem}(_|\$)" ;;
	sched/*) pattern="^(butte_|${stem}(_|\$))" ;;
	*) pattern="^${stem}(_|\$)" ;;
	esac
	nm -g --defined-only "$o" | awk -v f="$f" -v pattern="$pattern" '
		NF < 3 || $3 ~ /^(__odr_asan|__asan|__ubsan|__tsan|DW\.ref)/ { next }
		$3 !~ pattern { print "check-names: " f ": " $3; bad = 1 }
		END { exit bad }' || bad=1
done
exit $bad
