# bash completion for butte(1); its words and ids come from butte itself.
_butte() {
	local cur=${COMP_WORDS[COMP_CWORD]} words
	words=$(butte __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	if [ $? -eq 3 ]; then
		compopt -o default
		COMPREPLY=()
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _butte butte
