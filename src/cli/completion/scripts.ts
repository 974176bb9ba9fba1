/** The scripts for shells. Each hands the words of the line to `holdfast completion complete`, and shows a line of its answer as a candidate. */
export const SCRIPTS = {
  bash: `# Completion of holdfast for bash: eval "$(holdfast completion bash)"
_holdfast() {
  local answer
  COMPREPLY=()
  answer=$(holdfast completion complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return 0
  if [ "$answer" = :files ]; then
    compopt -o default 2>/dev/null
    return 0
  fi
  local line
  while IFS=$'\\t' read -r line _; do
    [ -z "$line" ] || COMPREPLY+=("$line")
  done <<< "$answer"
}
complete -F _holdfast holdfast
`,
  zsh: `#compdef holdfast
# Completion of holdfast for zsh: source <(holdfast completion zsh), after compinit; or a file _holdfast in a folder of fpath.
_holdfast() {
  local answer line word help
  local -a candidates
  answer=$(holdfast completion complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null) || return 1
  if [[ $answer == :files ]]; then
    _files
    return
  fi
  for line in "\${(@f)answer}"; do
    word=\${line%%$'\\t'*}
    help=\${line#*$'\\t'}
    [[ $help == "$line" ]] && help=
    [[ -z $word ]] || candidates+=("\${word//:/\\\\:}\${help:+:$help}")
  done
  _describe holdfast candidates
}
if [[ \${funcstack[1]-} == _holdfast ]]; then
  _holdfast "$@"
else
  compdef _holdfast holdfast
fi
`,
  fish: `# Completion of holdfast for fish: holdfast completion fish | source
function __holdfast_complete
    set -l words (commandline -opc)[2..-1] (commandline -ct)
    set -l answer (holdfast completion complete -- $words 2>/dev/null)
    or return
    if test "$answer" = :files
        __fish_complete_path (commandline -ct)
        return
    end
    printf '%s\\n' $answer
end
complete -c holdfast -f -a '(__holdfast_complete)'
`,
} as const;
