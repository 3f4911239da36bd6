#!/bin/bash
# The files of tasks over HTTP, with a task that tries to show others' files;
# and tasks of another user.
. "$(dirname "$0")/lib.sh"
t_begin
chmod 755 "$T" # tasks of others must reach the agent's socket
start_master
start_agent a1
ok "the agent registers" wait_agents 1
A=$SCHEME://localhost:$PORT_a1
[ "$(id -u)" = 0 ] || skip_all "needs root for tasks of another user"

code() { http -o "$T/body" -w '%{http_code}' "$@"; }
run() { "$BIN/butte" run --quiet "$@" 2>"$T/run.err"; }

run --name files --command 'echo one two; printf "a\303\244" >utf8; mkdir sub; echo deep >sub/f;
	ln -s /etc/passwd passwd; ln -s / root; ln -s ../../../../../../../../../../../etc/hostname up;
	ln -s sub/f good; mkfifo pipe; ln -s /proc/self/environ env; yes | head -c 3000000 >big;
	head -c 100000 /dev/zero | tr "\0" x >page; mkdir "odd name%41"; echo odd >"odd name%41/x y"' >/dev/null
is "$?" 0 "a task leaves files in its sandbox"
BOX=$(echo "$T"/a1/slaves/*/frameworks/*/executors/files*/runs/latest)
BOX=$(readlink -f "$BOX")
BOX=$T/a1/slaves/${BOX#*/a1/slaves/} # not through /private or the like
VIRTUAL=/frameworks/$(echo "$BOX" | sed 's,.*/frameworks/,,; s,/runs/.*,/runs/latest,')

like "$(http "$A/files/browse?path=$BOX" | json '[e["path"].split("/")[-1] for e in d]')" \
	"'big', 'env', 'good', 'odd name%41', 'page'.*'stderr', 'stdout', 'sub', 'up', 'utf8'" "browse lists by name"
like "$(http "$A/files/browse?path=$BOX/sub/" | json '[d[0][k] for k in ("mode","nlink","size","uid","gid")]')" \
	"^\['-rw-r--r--', 1, 5, 'root', 'root'\]" "an entry says all"
is "$(http "$A/files/read?path=$BOX/stdout&offset=0" | json 'd["data"]')" "one two" "read"
is "$(http "$A/slave(1)/files/read?path=$VIRTUAL/stdout&offset=4&length=3" | json 'd["data"]')" two \
	"read below the prefix, by the virtual path, a part"
is "$(http "$A/slave%281%29/files/read?path=$BOX/stdout" | json '[d["offset"], d["data"]]')" "[8, '']" \
	"without an offset: where the file ends; the prefix percent-encoded"
is "$(http "$A/files/read?path=$BOX/stdout&offset=-1" | json '[d["offset"], d["data"]]')" "[8, '']" "offset -1 too"
is "$(http "$A/files/read?path=$BOX/stdout&offset=99" | json '[d["offset"], d["data"]]')" "[99, '']" "past the end: nothing"
is "$(http "$A/files/read?path=$BOX/page&offset=0&length=99999" | json 'len(d["data"])')" 65536 "at most 64 KB"
is "$(http "$A/files/read?path=$BOX/utf8&offset=0&length=2" | json 'd["data"]')" a "no character is torn"
is "$(http "$A/files/read?path=$BOX/odd%20name%2541/x%20y&offset=0" | json 'd["data"]')" odd "odd names"
is "$(http "$A/files/download?path=$BOX/big" | md5sum)" "$(yes | head -c 3000000 | md5sum)" "a big download"
is "$(http --limit-rate 20M "$A/files/download?path=$BOX/big" | wc -c)" 3000000 "a slow one"
like "$(http -D - -o /dev/null "$A/files/download?path=$BOX/stdout" | tr -d '\r')" \
	'Content-Disposition: attachment; filename="stdout"' "a download has a name"

for bad in passwd root/etc/passwd up env root/proc/self/environ; do
	is "$(code "$A/files/read?path=$BOX/$bad&offset=0")" 403 "read $bad: refused"
	is "$(code "$A/files/download?path=$BOX/$bad")" 403 "download $bad: refused"
done
for bad in ../../../../../../../../../../etc/passwd %2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/meta/agent.db \
	sub/../../../../../../../../../../../etc/passwd; do
	like "$(code "$A/files/read?path=$BOX/$bad&offset=0")" '403|404' "read $bad: refused"
done
like "$(code "$A/files/browse?path=$BOX/root")" '403' "browse through a link: refused"
is "$(code "$A/files/read?path=$BOX/good&offset=0")" 200 "a link within is fine"
is "$(code "$A/files/read?path=$BOX/pipe&offset=0")" 400 "a pipe is not opened"
is "$(code "$A/files/read?path=$BOX/sub&offset=0")" 400 "a directory can't be read"
is "$(code "$A/files/browse?path=$BOX/stdout")" 400 "a file can't be browsed"
is "$(code "$A/files/read?path=$BOX/none&offset=0")" 404 "unknown file"
is "$(code "$A/files/read?path=/etc/passwd&offset=0")" 404 "unknown path"
is "$(code "$A/files/read?path=$T/a1/meta/agent.db&offset=0")" 404 "the checkpoint is no sandbox"
is "$(code "$A/files/read")" 400 "no path"
is "$(code "$A/files/read?path=$BOX/stdout&offset=x")" 400 "no number"
is "$(code "$A/files/read?path=$BOX/stdout&offset=-2")" 400 "a negative one"
is "$(code "$A/files/read?path=$BOX/$(head -c 5000 /dev/zero | tr '\0' a)&offset=0")" 404 "a very long name"
is "$(http -H 'Content-Type: application/json' -d '{"type":"READ_FILE","read_file":{"path":"'"$BOX"'/stdout","offset":4,"length":3}}' \
	"$A/api/v1" | json 'd["read_file"]')" "{'size': 8, 'data': 'dHdv'}" "READ_FILE"
is "$(http -H 'Content-Type: application/json' -d '{"type":"LIST_FILES","list_files":{"path":"'"$BOX"'/sub"}}' \
	"$A/api/v1" | json 'd["list_files"]["file_infos"][0]["size"]')" 5 "LIST_FILES"
is "$(code "$A/files/debug")" 200 "debug"

if su -s /bin/sh nobody -c "test -x '$BIN/butte-executor'"; then
	like "$(run --name who --user nobody --command 'id -un; touch mine; stat -c %U:%a . mine')" \
		"nobody" "a task of another user"
	BOX=$(echo "$T"/a1/slaves/*/frameworks/*/executors/who*/runs/latest)
	is "$(stat -c %U:%a "$BOX/.")" nobody:750 "its sandbox is its own"
else
	note "nobody may not run $BIN/butte-executor: not tried"
fi
"$BIN/butte" run --name nouser --user no-such-user --command true >/dev/null 2>"$T/run.err"
like "$(cat "$T/run.err")" "no such user" "an unknown user is said"
t_end
