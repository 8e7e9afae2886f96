# complete.zsh FILE LINE prints what zsh offers behind LINE, a match a line, where FILE is pgbudget's completion; it
# writes files beside FILE. LINE is typed to an inner zsh that has a terminal, with a Tab
# behind; its compadd notes the matches.
zmodload zsh/zpty
noted=$1.noted setup=$1.setup
: >$noted
[[ -e $1.dump ]] && quick=-C || quick=
cat >$setup <<SETUP
autoload -Uz compinit && compinit -u $quick -d ${(q)1}.dump
source ${(q)1}
noted=${(q)noted}
SETUP
cat >>$setup <<'SETUP'
PROMPT= RPROMPT=
zstyle ':completion:*' insert-tab false
compadd() {
	if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then # it only asks which words match
		builtin compadd "$@"
		return
	fi
	local -a hits
	local -A prefix
	builtin compadd -A hits "$@"
	zparseopts -E p:=prefix
	local h
	for h in $hits; do
		h=${prefix[-p]}$h
		[[ -d ${~h} ]] && h+=/
		print -r -- "$h" >>$noted
	done
	builtin compadd "$@"
}
zmodload zsh/zutil
comppostfuncs=(exit)
print -r -- READY-$((40 + 2))
SETUP
zpty inner zsh -f -i
zpty -w inner "source ${(q)setup}"
zpty -r -m inner seen '*READY-42*'
zpty -w -n inner "$2"$'\t'
while zpty -r inner seen; do :; done # until it ends
sort -u $noted
