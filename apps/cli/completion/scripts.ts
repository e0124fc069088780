import type { CommandWords } from './words-of.ts';

/** Flags whose value is a file. */
const fileFlags = ['--out', '--key-file'];

/** One `case` of a shell a command: its subcommands and flags. */
function cases(commands: readonly CommandWords[], line: (command: CommandWords) => string): string {
  return commands.map((command) => `    '${command.path}') ${line(command)} ;;`).join('\n');
}

function wordsFor({ subcommands, flags }: CommandWords): string {
  return [...subcommands, ...flags].map(({ name }) => name).join(' ');
}

function paths(commands: readonly CommandWords[]): string {
  return commands.flatMap(({ path }) => (path === '' ? [] : [`'${path}'`])).join('|');
}

/** Of commands whose argument is a file, as a pattern of [[ … ]]. */
function ofFiles(commands: readonly CommandWords[]): string {
  const named = commands.flatMap(({ path, takesFiles }) => (takesFiles ? [`"${path}"`] : []));
  return `@(${named.join('|')})`;
}

/** For `eval "$(rollcall completion bash)"`; needs no bash-completion. */
export function bashCompletion(commands: readonly CommandWords[]): string {
  return `# bash completion for rollcall
_rollcall() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command='' word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${command:+$command }$word" in
    ${paths(commands)}) command="\${command:+$command }$word" ;;
    esac
  done
  case "$previous" in
    --check) words=$(rollcall completion values checks 2>/dev/null) ;;
    --account) words=$(rollcall completion values accounts 2>/dev/null) ;;
    ${fileFlags.join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    *)
  case "$command" in
${cases(commands, (command) => `words='${wordsFor(command)}'`)}
  esac
    ;;
  esac
  if [[ "$command" == ${ofFiles(commands)} && "$current" != -* && "$previous" != --check && "$previous" != --account ]]; then
    COMPREPLY=($(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -o filenames -F _rollcall rollcall
`;
}

/** For a file \`_rollcall\` in a folder of $fpath, or \`source <(rollcall completion zsh)\` after compinit. */
export function zshCompletion(commands: readonly CommandWords[]): string {
  return `#compdef rollcall
_rollcall() {
  local command='' word
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${command:+$command }$word" in
    ${paths(commands)}) command="\${command:+$command }$word" ;;
    esac
  done
  case "\${words[CURRENT-1]}" in
    --check) compadd -- \${(f)"$(rollcall completion values checks 2>/dev/null)"}; return ;;
    --account) compadd -- \${(f)"$(rollcall completion values accounts 2>/dev/null)"}; return ;;
    ${fileFlags.join('|')}) _files; return ;;
  esac
  case "$command" in
${cases(commands, (command) => `found=(${zshWords(command)})`)}
  esac
  [[ "$command" == ${ofFiles(commands).slice(1)} && "\${words[CURRENT]}" != -* ]] && { _files; return }
  _describe 'rollcall' found
}
compdef _rollcall rollcall
`;
}

function zshWords({ subcommands, flags }: CommandWords): string {
  const words = [
    ...subcommands.map(({ name, summary }) => [name, summary] as const),
    ...flags.map(({ name, meaning }) => [name, meaning] as const),
  ];
  return words.map(([name, meaning]) => `'${name}:${quoted(meaning)}'`).join(' ');
}

/** For \`~/.config/fish/completions/rollcall.fish\`. */
export function fishCompletion(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap((command) => {
    const here = fishCondition(command, commands);
    return [
      ...command.subcommands.map(
        ({ name, summary }) =>
          `complete -c rollcall -f -n "${here}" -a ${name} -d '${quoted(summary)}'`,
      ),
      ...command.flags.map(({ name, takesValue, meaning }) => {
        const value = fishValue(name, takesValue);
        return `complete -c rollcall -n "${here}" -l ${name.slice(2)}${value} -d '${quoted(meaning)}'`;
      }),
    ];
  });
  return `# fish completion for rollcall\n${lines.join('\n')}\n`;
}

function fishCondition(
  { path, subcommands }: CommandWords,
  commands: readonly CommandWords[],
): string {
  if (path === '') {
    const all = commands.filter((each) => each.path !== '' && !each.path.includes(' '));
    return `not __fish_seen_subcommand_from ${all.map((each) => each.path).join(' ')}`;
  }
  const seen = path
    .split(' ')
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join('; and ');
  if (subcommands.length === 0) return seen;
  return `${seen}; and not __fish_seen_subcommand_from ${subcommands.map(({ name }) => name).join(' ')}`;
}

function fishValue(name: string, takesValue: boolean): string {
  if (name === '--check') return ` -x -a '(rollcall completion values checks 2>/dev/null)'`;
  if (name === '--account') return ` -x -a '(rollcall completion values accounts 2>/dev/null)'`;
  if (fileFlags.includes(name)) return ' -r -F';
  return takesValue ? ' -x' : '';
}

/** Inside single quotes of a shell. */
function quoted(text: string): string {
  return text.replaceAll("'", '’').replaceAll('`', '').replaceAll('\n', ' ');
}
