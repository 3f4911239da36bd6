#!/bin/bash
# check-pure.sh - pure objects call memory and text, and nothing of the world.
#
# Reads the undefined symbols of each object in $B/libcore.a (default: build)
# and the system headers that pure sources include; both against short lists.
# A symbol that another object of libcore.a defines is fine.
#
# Who gets what is decided in whole thousandths: the allocator's files may
# not say double or float. (The wire and reports do.)
set -u

lib=${B:-build}/libcore.a
bad=0

# memory
allow='malloc calloc realloc free abort qsort bsearch
memcpy memmove memset memcmp memchr memrchr memmem'
# text
allow="$allow strlen strnlen strcmp strncmp strcasecmp strncasecmp strchr strrchr
strchrnul strsep strtok_r strstr strcasestr strpbrk strspn strcspn strdup strndup strtol strtoll
strtoul strtoull strtod strtod_l snprintf vsnprintf asprintf vasprintf sscanf
inet_pton inet_ntop
sigdescr_np sigabbrev_np
__ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc __errno_location"
# rounding, where a double comes from or goes to the wire
allow="$allow floor ceil round lround llround trunc fabs"
# what compilers, sanitizers and protoc-c add
allow="$allow __stack_chk_fail __udivti3 __divti3 __umodti3 _GLOBAL_OFFSET_TABLE_ __chk_fail __assert_fail"
# families: protobuf-c and json-c, without json-c's files
families='^(protobuf_c_|json_object_|json_tokener_|json_util_get_last_err|array_list_|lh_table_|printbuf_)'
never='^json_object_(from|to)_f'
# CHECK says why it aborts.
check_only='stderr fprintf'

# (arpa/inet.h: addresses as text; signal.h, sys/wait.h: their numbers; calls
# show in the symbols)
headers='arpa/inet.h ctype.h errno.h inttypes.h limits.h math.h signal.h stdalign.h stdarg.h stdbool.h
stddef.h stdint.h stdio.h stdlib.h string.h strings.h sys/queue.h sys/wait.h uthash.h
protobuf-c/protobuf-c.h'

[ -f "$lib" ] || { echo "check-pure: $lib is not there: make all"; exit 1; }

{
	nm -A --defined-only "$lib" | awk '$2 ~ /^[A-Z]$/ { print "D", $3 }'
	nm -A --undefined-only "$lib"
} 2>/dev/null | awk -v allow="$allow" -v families="$families" -v never="$never" \
	-v check_only="$check_only" '
	BEGIN {
		n = split(allow, a); for (i = 1; i <= n; i++) ok[a[i]] = 1
		n = split(check_only, a); for (i = 1; i <= n; i++) chk[a[i]] = 1
	}
	$1 == "D" { ok[$2] = 1; next }
	{
		split($1, part, ":"); object = part[2]; sym = $NF
		plain = sym
		# _FORTIFY_SOURCE and newer C standards rename.
		sub(/^__isoc[0-9]*_/, "", plain)
		if (plain ~ /^__.*_chk$/) {
			sub(/^__/, "", plain); sub(/_chk$/, "", plain)
		}
		if (plain ~ never) { said[object " calls " sym] = 1; next }
		if (plain in ok || plain ~ families) next
		if (sym ~ /^__(asan|ubsan|tsan|sanitizer)_/) next
		if (object == "check.o" && plain in chk) next
		said[object " calls " sym] = 1
	}
	END {
		for (s in said) { print "check-pure: " s; bad = 1 }
		exit bad
	}' || bad=1

pure=$(find common master agent sched -name '*.[ch]' ! -name 'io_*' \
	! -name main.c ! -path 'sched/demo/*' ! -path 'sched/include/*' | sort)
# shellcheck disable=SC2086 # names of ours: no spaces
grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<' /dev/null $pure |
	awk -v headers="$headers" '
	BEGIN { n = split(headers, a); for (i = 1; i <= n; i++) ok[a[i]] = 1 }
	{
		h = $0; sub(/.*</, "", h); sub(/>.*/, "", h)
		if (h in ok || h ~ /^json-c\//) next
		file = $0; sub(/:[^:]*$/, "", file)
		print "check-pure: " file ": <" h "> in a pure file"
		bad = 1
	}
	END { exit bad }' || bad=1

exact=$(ls master/{alloc,round,share,filter,holding}*.[ch] master/offer.h \
	common/quantity.[ch] 2>/dev/null)
# shellcheck disable=SC2086 # names of ours: no spaces
[ -z "$exact" ] || awk '
	FNR == 1 { comment = 0 }
	{
		code = $0
		gsub(/\/\*.*\*\//, "", code)
		if (comment && !sub(/.*\*\//, "", code)) next
		comment = sub(/\/\*.*/, "", code)
		if ((" " code " ") ~ /[^A-Za-z0-9_](double|float)[^A-Za-z0-9_]/) {
			print "check-pure: " FILENAME ":" FNR \
				": floating point where shares are decided"
			bad = 1
		}
	}
	END { exit bad }' $exact || bad=1
exit $bad
