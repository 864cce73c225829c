/**
 * The scripts of `pipe completion`. Each passes the words up to the cursor to `pipe completion
 * candidates`, which prints `candidate<tab>help` lines. Without candidates, the shell completes
 * file names.
 */

const BASH = String.raw`# pipe: completion for bash. Add to ~/.bashrc: eval "$(pipe completion bash)"
_pipe_complete() {
  local line=\${COMP_LINE:0:COMP_POINT} at word typed front candidate
  local -a words=()
  local -i count=0
  # bash also splits at characters such as = and @: join words without a space between them.
  for ((at = 0; at <= COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if ((at == 0)) || [[ $line == [[:space:]]* ]]; then
      line=\${line#"\${line%%[![:space:]]*}"}
      words[count]=
      count+=1
    fi
    ((at < COMP_CWORD)) || word=$line
    words[count - 1]+=$word
    line=\${line#"$word"}
  done
  typed=\${words[count - 1]}
  # Only $2, the end of that word, is replaced.
  front=\${typed%"$2"}
  front=\${front//[\"\'\\]/}
  COMPREPLY=()
  while IFS=$'\t' read -r candidate _; do
    [[ $candidate == "$front"* ]] || continue
    candidate=\${candidate#"$front"}
    [[ $candidate != *[!A-Za-z0-9_@%+=:,./-]* ]] || printf -v candidate %q "$candidate"
    COMPREPLY+=("$candidate")
  done < <("\${COMP_WORDS[0]/#\~/$HOME}" completion candidates -- "\${words[@]:1}" 2> /dev/null)
  [[ "\${COMPREPLY[0]-}" != *= ]] || compopt -o nospace 2> /dev/null
}
complete -o default -F _pipe_complete pipe
`;

const ZSH = String.raw`#compdef pipe
# pipe: completion for zsh. Add to ~/.zshrc, after compinit: eval "$(pipe completion zsh)"
_pipe() {
  local -a lines values shown keep
  local line
  lines=("\${(@f)$("\${words[1]/#\~/$HOME}" completion candidates -- "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2> /dev/null)}")
  for line in $lines; do
    values+=("\${line%%$'\t'*}")
    shown+=("\${line/$'\t'/  }")
  done
  if (( $#values == 0 )); then
    _files
    return
  fi
  [[ $values[1] != *= ]] || keep=(-S '')
  compadd "\${keep[@]}" -l -d shown -a values
}
if [[ $funcstack[1] == _pipe ]]; then
  _pipe "$@"
else
  compdef _pipe pipe
fi
`;

const FISH = String.raw`# pipe: completion for fish. Run once: pipe completion fish > ~/.config/fish/completions/pipe.fish
function __pipe_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l typed (commandline -ct)
    set -l lines ($program completion candidates -- $words "$typed" 2>/dev/null)
    if test (count $lines) -eq 0
        __fish_complete_path "$typed"
    else
        printf '%s\n' $lines
    end
end
complete -c pipe -f -k -a '(__pipe_complete)'
`;

/** In the literals above, a backslash keeps TypeScript from reading a shell's variable. */
const plain = (text: string) => text.replaceAll('\\${', '${');

export const SCRIPTS = { bash: plain(BASH), zsh: plain(ZSH), fish: plain(FISH) } as const;
