#!/bin/bash
# make install into an empty place; a framework compiles against that alone.
. "$(dirname "$0")/lib.sh"
t_begin
ok "make install" make -s -C "$TOP" B="$B" DESTDIR="$T/root" PREFIX=/usr install
for f in bin/butte sbin/butte-master sbin/butte-agent libexec/butte/butte-executor lib/libbutte.a lib/libbutte.so \
	lib/pkgconfig/butte.pc include/butte/scheduler.h include/butte/executor.h \
	share/man/man1/butte.1 share/man/man8/butte-master.8 share/man/man8/butte-agent.8 \
	share/man/man8/butte-executor.8 share/man/man7/butte.7; do
	ok "installs $f" test -s "$T/root/usr/$f"
done
export PKG_CONFIG_SYSROOT_DIR=$T/root PKG_CONFIG_PATH=$T/root/usr/lib/pkgconfig
cp "$TOP/tests/lib/framework60.c" "$T/"
is "$(($(wc -l <"$T/framework60.c") <= 60))" 1 "the framework has at most 60 lines"
# A sanitized library wants its runtime in the program.
SAN=
! nm -D "$T/root/usr/lib/libbutte.so" | grep -q __asan_init || SAN=-fsanitize=address,undefined
# shellcheck disable=SC2046,SC2086
ok "it compiles against the installed library alone" gcc -std=c11 -Wall -Wextra -Werror $SAN -o "$T/framework60" \
	"$T/framework60.c" $(pkg-config --cflags --libs butte)
start_master
start_agent a1
ok "the agent registers" wait_agents 1
ok "and runs its tasks" env LD_LIBRARY_PATH="$T/root/usr/lib" timeout 60 "$T/framework60" "$MASTER" "$CA"
exported=$(nm -D --defined-only "$T/root/usr/lib/libbutte.so" | awk '{ print $3 }' |
	grep -vE '^(butte_|mesos__v1__|google__protobuf__)' | head -n 3)
is "$exported" "" "libbutte.so exports only its own names"
ok "make uninstall" make -s -C "$TOP" B="$B" DESTDIR="$T/root" PREFIX=/usr uninstall
is "$(find "$T/root" -type f | wc -l)" 0 "leaves no file"
t_end
