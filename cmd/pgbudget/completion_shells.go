package main

import "text/template"

// bashTemplate needs no package bash-completion. bash cuts --flag=value and group=DSN at the =, which COMP_WORDS then
// has as a word of its own.
var bashTemplate = template.Must(template.New("bash").Funcs(shellWords).Parse(
	`# Completion of pgbudget for bash 4 and later, printed by: pgbudget completion bash
_pgbudget() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} at=2 command=
	COMPREPLY=()
	if [ "$COMP_CWORD" -gt 1 ]; then
		command=${COMP_WORDS[1]}
		case $command in
{{- range .Commands}}{{if .Commands}}
		{{.Path}}) [ "$COMP_CWORD" -eq 2 ] || command+=" ${COMP_WORDS[2]}" at=3 ;;
{{- end}}{{end}}
		esac
	fi
	if [ "$cur" = = ]; then
		cur=
	elif [ "$prev" = = ] && [ "$COMP_CWORD" -gt $((at + 1)) ]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	case "$command $prev" in
{{- range each .}}{{$path := .Path}}{{range .Options}}{{if .Value}}
	{{range $i, $n := .Names}}{{if $i}} | {{end}}{{quote (printf "%s %s" $path $n)}}{{end}})
		{{if .File}}compopt -o default{{else if .Values -}}
		COMPREPLY=($(compgen -W {{quote (join .Values)}} -- "$cur")){{else}}:{{end}}
		return
		;;
{{- end}}{{end}}{{end}}
	esac
	case "$command" in
{{- range each .}}
	{{quote .Path}})
		{{if .Files}}[[ $cur == -* ]] || { compopt -o default; return; }
		{{end}}{{if .Commands}}[[ $cur == -* ]] || {
			COMPREPLY=($(compgen -W {{quote (join (names .Commands))}} -- "$cur"))
			return
		}
		{{end}}COMPREPLY=($(compgen -W {{quote (join (all .Options))}} -- "$cur"))
		;;
{{- end}}
	esac
}
complete -F _pgbudget pgbudget
`))

// zshTemplate serves both as a file _pgbudget in fpath, and sourced.
var zshTemplate = template.Must(template.New("zsh").Funcs(shellWords).Parse(
	`#compdef pgbudget
# Completion of pgbudget for zsh, printed by: pgbudget completion zsh
{{range each .}}{{if .Commands}}
{{zshFunction .}}() {
	local curcontext=$curcontext state line
	local -a commands
	typeset -A opt_args
	_arguments -C {{range .Options}}{{zshOption .}} {{end}}'1:command:->command' '*::argument:->argument' && return
	case $state in
	command)
		commands=({{range .Commands}}
			{{zshCommand .}}{{end}}
		)
		_describe command commands
		;;
	argument)
		case $words[1] in{{range .Commands}}
		{{.Name}}) {{if .Commands}}{{zshFunction .}}{{else -}}
			_arguments {{range .Options}}{{zshOption .}} {{end}}{{if .Files}}'*:FILE:_files'{{end}}{{end}} ;;
{{- end}}
		esac
		;;
	esac
}
{{end}}{{end}}
if [ "$funcstack[1]" = _pgbudget ]; then
	_pgbudget "$@"
else
	compdef _pgbudget pgbudget
fi
`))
