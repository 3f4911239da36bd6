#!/bin/bash
# check-limits.sh - sizes, banned words, one stem per thing.
#
#	a file has at most 1000 lines, a function 70 (from its opening brace in
#	column 1, where clang-format puts it, to the closing one)
#	no strcpy strcat sprintf strtok atoi alloca gets, as in git's banned.h;
#	no goto; no TODO, FIXME, XXX
#	no two files with one stem, except x.h with its x.c, and main.c
set -u

bad=0
files=$(find common master agent sched cli tests -name '*.[ch]' 2>/dev/null | sort)
[ -n "$files" ] || { echo "check-limits: no sources here"; exit 1; }

# shellcheck disable=SC2086 # names of ours: no spaces
awk '
	function say(what) { print "check-limits: " FILENAME ":" FNR ": " what; bad = 1 }
	FNR == 1 { start = 0; comment = 0 }
	FNR == 1001 { say("longer than 1000 lines") }
	/^{$/ { start = FNR }
	/^}/ && start {
		if (FNR - start + 1 > 70)
			say("a function of " FNR - start + 1 " lines, 70 are allowed")
		start = 0
	}
	/TODO|FIXME|(^|[^X])XXX([^X]|$)/ { say("says " (/TODO/ ? "TODO" : "FIXME or XXX")) }
	{
		code = $0
		gsub(/\\./, "", code)
		gsub(/"[^"]*"/, "\"\"", code)
		gsub(/\/\*.*\*\//, "", code)
		if (comment) {
			if (!sub(/.*\*\//, "", code)) next
			comment = 0
		}
		if (sub(/\/\*.*/, "", code)) comment = 1
		sub(/\/\/.*/, "", code)
		code = " " code
		if (match(code, /[^A-Za-z0-9_](strcpy|strcat|sprintf|vsprintf|strtok|atoi|alloca|gets) *\(/))
			say("banned: " substr(code, RSTART + 1, RLENGTH - 2))
		if (code ~ /[^A-Za-z0-9_]goto[^A-Za-z0-9_]/)
			say("banned: goto")
	}
	END { exit bad }' $files || bad=1

# The public header of sched/x.c may be sched/include/butte/x.h.
echo "$files" | grep -v '/main\.c$' | awk '
	{
		name = $0; sub(/.*\//, "", name)
		ext = name; sub(/.*\./, "", ext)
		stem = name; sub(/\.[ch]$/, "", stem)
		home = $0; sub(/\/[^\/]*$/, "", home)
		sub(/\/include\/butte$/, "", home)
		if ((stem, ext) in first || (stem in where && where[stem] != home)) {
			print "check-limits: one stem, two places: " file[stem] ", " $0
			bad = 1
		}
		first[stem, ext] = 1
		where[stem] = home
		file[stem] = $0
	}
	END { exit bad }' || bad=1
exit $bad
