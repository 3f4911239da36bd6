#!/bin/bash
# library.sh - libbutte from outside: what it exports, and that a program builds
# against the installed one alone.
set -u
. tests/tap.bash

B=${B:-build}
[ -f "$B/libbutte.so" ] || { echo "1..0 # SKIP there is no library"; exit; }
public='butte_|mesos__v1__|google__protobuf__duration__'

only_public() { # nm's option, file
	nm "$1" --defined-only "$2" | awk 'NF == 3 && $2 ~ /[A-Z]/ { print $3 }' |
		grep -Ev "^($public)" && return 1
	return 0
}
exports() { nm -D --defined-only "$B/libbutte.so" | grep -q " $1\$"; }
installs() {
	make -s install B="$B" DESTDIR="$tap_dir/root" PREFIX=/opt/butte
}
leftovers() {
	make -s uninstall B="$B" DESTDIR="$tap_dir/root" PREFIX=/opt/butte || return
	! find "$tap_dir/root" ! -type d | grep .
}
pc() {
	PKG_CONFIG_PATH=$tap_dir/root/opt/butte/lib/pkgconfig \
		PKG_CONFIG_SYSROOT_DIR=$tap_dir/root pkg-config "$@" butte
}
# Every public header by itself, in an empty directory, with strict warnings.
header() {
	local dir=$tap_dir/user

	mkdir -p "$dir"
	printf '#include <%s>\nint main(void) { return 0; }\n' "$1" >"$dir/h.c"
	# shellcheck disable=SC2046 # flags are words
	(cd "$dir" && ${CC:-cc} -std=c11 -Wall -Wextra -Werror -o h h.c \
		$(pc --cflags --libs))
}

tap "libbutte.so exports public names only" only_public -D "$B/libbutte.so"
tap "libbutte.a too" only_public -g "$B/libbutte.a"
tap "messages are exported" exports mesos__v1__task_info__descriptor
tap "make install" installs
tap "butte.pc knows the prefix" sh -c '[ "$1" = /opt/butte ]' - \
	"$(PKG_CONFIG_PATH=$tap_dir/root/opt/butte/lib/pkgconfig \
		pkg-config --variable=prefix butte)"
for h in "$tap_dir"/root/opt/butte/include/butte/*.h; do
	[ -f "$h" ] && tap "butte/${h##*/} stands alone" header "butte/${h##*/}"
done
tap "make uninstall leaves nothing" leftovers
tap_done
