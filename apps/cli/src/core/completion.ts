import type { Subcommand } from '../command.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];
type Commands = Readonly<Record<string, Subcommand>>;

/** The script that completes commands, options and their values in a shell, for its startup file. */
export const completionScript = (shell: Shell, commands: Commands): string =>
  `${scripts[shell](commands).join('\n')}\n`;

const scripts: Record<Shell, (commands: Commands) => string[]> = {
  bash: bashScript,
  zsh: (commands) => [
    '#compdef paceline',
    '_paceline() {',
    '  local -a commands',
    `  commands=(${Object.entries(commands)
      .map(([name, { summary }]) => quoted(`${name}:${summary.replaceAll(':', '\\:')}`))
      .join(' ')})`,
    '  if (( CURRENT == 2 )); then _describe command commands; return; fi',
    '  local command=$words[2]',
    '  shift words; (( CURRENT-- ))',
    '  case $command in',
    ...Object.entries(commands).map(
      ([name, command]) => `    ${name}) _arguments ${zshArguments(command)} ;;`,
    ),
    '  esac',
    '}',
    'compdef _paceline paceline',
  ],
  fish: (commands) => [
    'complete -c paceline -f',
    ...Object.entries(commands).flatMap(([name, command]) => fishLines(name, command)),
  ],
};

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Every option with the values that it can have; undefined for one without a value. */
function optionsOf({
  options,
  choices,
}: Subcommand): Array<readonly [string, readonly string[] | undefined]> {
  const own = Object.entries(options).map(
    ([name, { type }]) =>
      [name, type === 'boolean' ? undefined : (choices[name.toUpperCase()] ?? [])] as const,
  );
  return [...own, ['json', undefined], ['help', undefined]];
}

/** The words that an argument can be: values of its placeholder, and words in lower case, which stand for themselves. */
const wordsOf = (argument: string, { choices }: Subcommand): string[] =>
  argument
    .replaceAll(/[[\]…\s]/g, '')
    .split('|')
    .flatMap((part) => choices[part] ?? (/^[a-z]+$/.test(part) ? [part] : []));

/** Bash splits `--kind=near` at the equals sign. */
function bashScript(commands: Commands): string[] {
  const cases = Object.entries(commands).flatMap(([name, command]) => [
    ...optionsOf(command).flatMap(([option, values]) =>
      values?.length ? [`    '${name} --${option}') words='${values.join(' ')}' ;;`] : [],
    ),
    `    '${name} ') words='${[
      ...command.takes.flatMap((argument) => wordsOf(argument, command)),
      ...optionsOf(command).map(([option, values]) => `--${option}${values ? '=' : ''}`),
    ].join(' ')}' ;;`,
  ]);
  return [
    '_paceline() {',
    '  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} option= words=',
    '  if [[ $current == = ]]; then option=$previous current=',
    '  elif [[ $previous == = ]]; then option=${COMP_WORDS[COMP_CWORD-2]}; fi',
    '  case "${COMP_WORDS[1]} $option" in',
    ...cases,
    '  esac',
    `  ((COMP_CWORD == 1)) && words='${Object.keys(commands).join(' ')} help'`,
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '  [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace',
    '  return 0',
    '}',
    'complete -o default -F _paceline paceline',
  ];
}

function zshArguments(command: Subcommand): string {
  const options = optionsOf(command).map(([option, values]) =>
    quoted(values ? `--${option}=:${option}:(${values.join(' ')})` : `--${option}`),
  );
  const places = command.takes.map((argument) => {
    const repeats = argument.includes('…') ? '*' : '';
    const words = wordsOf(argument, command);
    const action = words.length > 0 ? `(${words.join(' ')})` : argument.includes('FILE') ? '_files' : ' ';
    return quoted(`${repeats}:${argument.replaceAll(/[[\]…:]/g, '').trim()}:${action}`);
  });
  return [...options, ...places].join(' ');
}

function fishLines(name: string, command: Subcommand): string[] {
  const of = `-n '__fish_seen_subcommand_from ${name}'`;
  const words = command.takes.flatMap((argument) => wordsOf(argument, command));
  return [
    `complete -c paceline -n __fish_use_subcommand -a ${name} -d ${quoted(command.summary)}`,
    ...(words.length > 0 ? [`complete -c paceline ${of} -a ${quoted(words.join(' '))}`] : []),
    ...(command.takes.some((argument) => argument.includes('FILE')) ? [`complete -c paceline ${of} -F`] : []),
    ...optionsOf(command).map(([option, values]) => {
      const value =
        values === undefined ? '' : values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : ' -x';
      return `complete -c paceline ${of} -l ${option}${value}`;
    }),
  ];
}
