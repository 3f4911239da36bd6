#!/bin/bash
# limits.sh - sizes and banned words in the tree, and check-limits.sh's eyes.
set -u
. tests/tap.bash

check=$PWD/scripts/check-limits.sh
tree() { (cd "$tap_dir/t" && "$check"); }

# seed NAME PATTERN FILE...: the text of the first file comes from stdin, the
# others are empty.
seed() {
	local name=$1 pattern=$2 first=$3

	shift 2
	rm -rf "$tap_dir/t"
	mkdir -p "$tap_dir"/t/{common,master,agent,sched/include/butte,cli,tests}
	(cd "$tap_dir/t" && touch "$@")
	cat >"$tap_dir/t/$first"
	if [ "$pattern" = none ]; then
		tap "$name" tree
	else
		tap_fails "$name" "$pattern" tree
	fi
}
lines() { yes "$2" | head -n "$1"; }

tap "the tree keeps its limits" "$check"
seed "1000 lines pass" none common/x.c < <(lines 1000 'int x;')
seed "1001 lines don't" 'common/x.c:1001: longer' common/x.c \
	< <(lines 1001 'int x;')
# function N: one of N lines, braces included
function_of() {
	printf 'int x_f(void)\n{\n'
	lines $(($1 - 2)) '	x();'
	echo '}'
}
seed "a function of 70 lines passes" none common/x.c < <(function_of 70)
seed "one of 71 doesn't" 'common/x.c:72: a function of 71' common/x.c \
	< <(function_of 71)
for f in strcpy strcat sprintf strtok atoi alloca gets; do
	seed "$f" "common/x.c:1: banned: $f" common/x.c <<<"int n = $f(a);"
done
seed "goto" 'common/x.c:1: banned: goto' common/x.c <<<'	goto out;'
seed "comments, texts and snprintf pass" none common/x.c \
	<<<'/* goto, strcpy() */ char *s = "atoi(1)"; int n = snprintf(a, 1, "");'
seed "a promise" 'says TODO' common/x.c <<<'/* TO''DO: later */'
seed "x.h and x.c are one thing" none common/x.h common/x.c </dev/null
seed "a public header too" none sched/include/butte/x.h sched/x.c </dev/null
seed "one stem in two rooms" 'one stem, two places: .*agent/x.c.*master/x.c' \
	agent/x.c master/x.c </dev/null
seed "x.h far from x.c" 'one stem, two places' agent/x.h common/x.c </dev/null
seed "main.c may be everywhere" none agent/main.c master/main.c </dev/null
tap_done
