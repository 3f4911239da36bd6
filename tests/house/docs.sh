#!/bin/bash
# docs.sh - man pages pass mandoc's lint, scripts pass shellcheck.
set -u
. tests/tap.bash

lint() { # mandoc exits 0 on STYLE
	local said

	said=$(mandoc -T lint -W warning "$1")
	[ -z "$said" ] || { echo "$said"; return 1; }
}
is_shell() { head -n 1 "$1" | grep -Eq '^#!.*[/ ](ba|da)?sh'; }

# Paths in `...` of the README's map.
map_is_true() {
	local bad=0 path

	while read -r path; do
		# shellcheck disable=SC2086 # may be a pattern
		ls -d $path >/dev/null 2>&1 && continue
		echo "README.md: $path is not there"
		bad=1
	done < <(sed -n '/^## The house/,$p' README.md | grep -o '`[^`]*`' |
		tr -d '`' | grep -E '^[a-z]+/[^ ]*$')
	return $bad
}

# Documents that sources and documents name.
documents_exist() {
	local bad=0 where name

	while IFS=: read -r where name; do
		[ -e "$name" ] || [ -e "docs/${name##*/}" ] ||
			[ -e "${where%/*}/$name" ] && continue
		echo "$where names $name, which is not there"
		bad=1
	done < <(grep -roE '[A-Za-z0-9_/-]+\.md\b' common master agent sched cli \
		proto man docs README.md Makefile --include='*.[chS1-9]' \
		--include='*.md' --include='*.proto' --include=Makefile |
		sort -u)
	return $bad
}

tap "documents that are named exist" documents_exist
tap "the map in README.md is true" map_is_true
for page in man/*.[1-9]; do
	[ -f "$page" ] && tap "$page is clean mdoc" lint "$page"
done
for script in .ci/run scripts/* tests/run tests/*/*.sh; do
	[ -f "$script" ] && is_shell "$script" || continue
	tap "$script passes shellcheck" shellcheck -x -S warning -e SC1091,SC2034,SC2154 "$script"
done
tap_done
