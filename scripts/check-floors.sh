#!/bin/bash
# check-floors.sh - an #include points to the same floor or down.
#
#	5 programs  */main.c, cli/, sched/demo/
#	4 edges     io_*
#	3 rooms     master/ agent/ agent/executor/ sched/, which don't know each
#	            other; sched/include/butte/ are sched's public headers
#	2 words     the generated protos and the rest of common/
#	1 ground    common/, the files named GROUND below
#
# Also: common/ includes nothing of a room, includes are written from the root,
# a .c file includes its own header first, and a public header includes only
# what is installed with it.
#
# Looks at the tree in the current directory; says each breach as file:line.
set -u

GROUND='arena buf check err heap limits list log map mem timer'

files=$(find common master agent sched cli -name '*.[ch]' 2>/dev/null | sort)
[ -n "$files" ] || { echo "check-floors: no sources here"; exit 1; }

# shellcheck disable=SC2086 # names of ours: no spaces
grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]' /dev/null $files |
	awk -v ground="$GROUND" '
	function base(f) { sub(/.*\//, "", f); return f }
	function stem(f) { f = base(f); sub(/\..*/, "", f); return f }
	function dir(f) { return sub(/\/[^\/]*$/, "", f) ? f : "." }
	# The part of the tree: two rooms must not meet.
	function room(f) {
		if (f ~ /^sched\/demo\//) return "demo"
		if (f ~ /^agent\/executor\//) return "executor"
		if (f ~ /\.pb-c\.h$/) return "common"
		if (f ~ /^butte\//) return "sched"
		sub(/\/.*/, "", f)
		return f
	}
	function floor(f) {
		if (base(f) == "main.c" || f ~ /^cli\// || f ~ /^sched\/demo\//)
			return 5
		if (base(f) ~ /^io_/) return 4
		if (f ~ /\.pb-c\.h$/) return 2
		if (f ~ /^common\//) return (stem(f) in is_ground) ? 1 : 2
		return 3
	}
	function there(f,   line, rc) {
		rc = (getline line <f)
		close(f)
		return rc >= 0
	}
	function breach(what) { print file ":" no ": " what; bad = 1 }
	BEGIN {
		n = split(ground, g, " ")
		for (i = 1; i <= n; i++) is_ground[g[i]] = 1
	}
	{
		file = $0; sub(/:.*/, "", file)
		no = substr($0, length(file) + 2); sub(/:.*/, "", no)
		text = substr($0, length(file) + length(no) + 3)
		public = file ~ /^sched\/include\//
		first = !(file in seen); seen[file] = 1
		own = file; sub(/\.c$/, ".h", own)
		if (file ~ /\.c$/ && first && there(own) &&
		    index(text, "\"" own "\"") == 0)
			breach("its own header comes first: \"" own "\"")
		if (text !~ /"/) {
			if (text ~ /<butte\// && !public && room(file) != "demo")
				breach("ours are written with quotes")
			next
		}
		split(text, part, "\""); inc = part[2]
		if (inc ~ /^butte\// && inc !~ /\.pb-c\.h$/)
			path = "sched/include/" inc
		else
			path = inc
		if (inc !~ /\.pb-c\.h$/ && !there(path)) {
			breach("\"" inc "\" is not a path from the root")
			next
		}
		if (public && inc !~ /^mesos\/.*\.pb-c\.h$/ && inc !~ /^butte\/[a-z_]*\.h$/)
			breach("a public header can not include \"" inc "\"")
		if (floor(path) > floor(file))
			breach("floor " floor(file) " includes \"" inc \
				"\" of floor " floor(path))
		a = room(file); b = room(inc)
		if (b == "common" || a == b) next
		if (a == "demo" && b == "sched") {
			if (path !~ /^sched\/include\//)
				breach("the demo uses the library through butte/*.h")
			next
		}
		if (a == "cli" && b == "sched") next
		breach(a "/ includes \"" inc "\" of " b "/")
	}
	END { exit bad }
	'
