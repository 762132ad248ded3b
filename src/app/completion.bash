# Bash completion of phasesweep: commands and options as its help knows them, keys and their
# words as `phasesweep keys` prints them, files for the rest.

_phasesweep_commands() {
    "$1" --help | sed -n 's/.*phasesweep \[OPTION\.\.\.\] \([a-z]*\).*/\1/p'
}

_phasesweep_options() { # program command
    "$1" $2 --help | grep -o -e '--[a-z][a-z-]*=\{0,1\}'
}

_phasesweep_keys() {
    "$1" keys | sed -n 's/^| `\([a-z_]*\)` |.*/\1=/p'
}

_phasesweep_words() { # program key: only where the table lists words
    "$1" keys | sed -n "s/^| \`$2\` |[^|]*| *\([a-z_]*\(, [a-z_]*\)*\) *|.*/\1/p" | tr -d ,
}

_phasesweep() {
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command='' key='' i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -*) ;;
        *) command=${COMP_WORDS[i]} && break ;;
        esac
    done
    # bash makes KEY=WORD three words
    if [[ $word == = ]]; then
        key=$before word=''
    elif [[ $before == = ]]; then
        key=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if [[ -z $command && $word != -* ]]; then
        COMPREPLY=($(compgen -W "$(_phasesweep_commands "$program")" -- "$word"))
    elif [[ -n $key && $key != -* ]]; then
        COMPREPLY=($(compgen -W "$(_phasesweep_words "$program" "$key")" -- "$word"))
    elif [[ $key == --set || ($command == point || $command == draw) && $word != -* ]]; then
        COMPREPLY=($(compgen -W "$(_phasesweep_keys "$program")" -- "$word"))
    elif [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$(_phasesweep_options "$program" "$command")" -- "$word"))
    fi
    [[ ${COMPREPLY-} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -o default -F _phasesweep phasesweep
