# tap.bash - TAP for shell tests: source it, test, call tap_done.
#
#	tap NAME COMMAND...        ok when the command succeeds; its output is shown
#	                           when it doesn't
#	tap_fails NAME PATTERN COMMAND...
#	                           ok when it fails and says the pattern (grep -E)
#	tap_skip NAME WHY
#	tap_done                   the plan, and the exit status
#
# $tap_dir is a directory that is removed at the end.
# shellcheck shell=bash

tap_n=0
tap_bad=0
tap_dir=$(mktemp -d "${TMPDIR:-/tmp}/butte-test.XXXXXX") || exit 1
trap 'rm -rf "$tap_dir"' EXIT

tap_say() { # VERDICT NAME
	tap_n=$((tap_n + 1))
	[ "$1" = ok ] || tap_bad=$((tap_bad + 1))
	echo "$1 $tap_n - $2"
}

tap() {
	local name=$1

	shift
	if "$@" >"$tap_dir/.out" 2>&1; then
		tap_say ok "$name"
	else
		echo "# status $? of: $*"
		sed 's/^/# /' "$tap_dir/.out"
		tap_say 'not ok' "$name"
	fi
}

tap_fails() {
	local name=$1 pattern=$2 status

	shift 2
	"$@" >"$tap_dir/.out" 2>&1
	status=$?
	if [ $status -ne 0 ] && grep -Eq -- "$pattern" "$tap_dir/.out"; then
		tap_say ok "$name"
	else
		echo "# status $status of: $*; expected failure with: $pattern"
		sed 's/^/# /' "$tap_dir/.out"
		tap_say 'not ok' "$name"
	fi
}

tap_skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

tap_done() {
	echo "1..$tap_n"
	[ $tap_bad -eq 0 ]
	exit
}
