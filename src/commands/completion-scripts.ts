import type { Spoken, Value } from './completion.ts';

/*
 * The scripts by which shells complete the command line. Each goes through the words before the cursor to find the
 * command, the flag whose value comes next, and --dir. Names are those of files, because reading files or the state
 * takes longer than a key may. A file's name is a stranger's text: no script evaluates it.
 */

export const SCRIPTS = { bash, zsh, fish };

function bash(program: Spoken): string {
  return `# How bash completes reelstate. Made by: reelstate completion bash
_reelstate_words() {
  local word
  for word in $1; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
  done
}

_reelstate_names() {
  local file name
  [[ $dir == -* ]] && dir=./$dir
  while IFS= read -r file; do
    name=\${file##*/}
    name=\${name%.*}
    [[ $name == *[!A-Za-z0-9._-]* ]] && continue
    [[ $name == "$cur"* ]] && COMPREPLY+=("$name")
  done < <(find "$dir" -mindepth 1 -name '.*' -prune -o -type f \\( -name '*.yaml' -o -name '*.yml' \\) -print 2> /dev/null)
}

_reelstate_paths() {
  local path
  compopt -o filenames 2> /dev/null
  while IFS= read -r path; do
    COMPREPLY+=("$path")
  done < <(compgen "$1" -- "$cur")
}

_reelstate() {
  local cur=\${COMP_WORDS[COMP_CWORD]} dir=\${REELSTATE_DIR:-recordings} path= flag= word i
  COMPREPLY=()
  [[ $cur == = ]] && cur=
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # bash makes three words of --dir=shows.
    [[ $word == = ]] && continue
    if [[ -n $flag ]]; then
      [[ $flag == --dir ]] && dir=$word
      flag=
      continue
    fi
    case "$path:$word" in
      ${patterns(valued(program))}) flag=$word ;;
${commandCases(program, (path) => `path='${path}'`, '      ')}
    esac
  done
  case "$path:$flag" in
${valueCases(program, bashValue, '    ')}
    *:?*) ;;
    *:)
      case "$path:$cur" in
${argumentCases(program, bashValue, '        ', (flags) => `_reelstate_words '${flags.map(({ long }) => long).join(' ')}'`)}
      esac
      ;;
  esac
}

complete -F _reelstate reelstate
`;
}

function bashValue(value: Value): string {
  if (typeof value === 'object') return `_reelstate_words '${value.choices.join(' ')}'`;
  return {
    name: '_reelstate_names',
    'name or file': '_reelstate_names; _reelstate_paths -f',
    file: '_reelstate_paths -f',
    folder: '_reelstate_paths -d',
    anything: ':',
  }[value];
}

function zsh(program: Spoken): string {
  return `#compdef reelstate
# How zsh completes reelstate. Made by: reelstate completion zsh
_reelstate_names() {
  local -a names
  names=($dir/**/*.(yaml|yml)(N.:t:r))
  compadd -- $names
}

_reelstate() {
  local cur=\${words[CURRENT]} dir=\${REELSTATE_DIR:-recordings} path_= flag= word i
  local -a described
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    if [[ -n $flag ]]; then
      [[ $flag == --dir ]] && dir=$word
      flag=
      continue
    fi
    [[ $word == --dir=* ]] && dir=\${word#--dir=}
    case "$path_:$word" in
      (${patterns(valued(program))}) flag=$word ;;
${commandCases(program, (path) => `path_='${path}'`, '      ', '(')}
    esac
  done
  if [[ -z $flag && $cur == --*=* ]]; then
    flag=\${cur%%=*}
    compset -P '*='
  fi
  case "$path_:$flag" in
${valueCases(program, zshValue, '    ', '(')}
    (*:?*) ;;
    (*:)
      case "$path_:$cur" in
${argumentCases(
  program,
  zshValue,
  '        ',
  (flags) =>
    `described=(${flags.map(({ long, description }) => quoted(`${long}:${description}`)).join(' ')}); _describe -o flag described`,
  '(',
  (commands) =>
    `described=(${commands.flatMap(({ names, description }) => names.map((name) => quoted(`${name}:${description}`))).join(' ')}); _describe command described`,
)}
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _reelstate ]]; then
  _reelstate "$@"
else
  compdef _reelstate reelstate
fi
`;
}

function zshValue(value: Value): string {
  if (typeof value === 'object') return `compadd -- ${value.choices.join(' ')}`;
  return {
    name: '_reelstate_names',
    'name or file': '_reelstate_names; _files',
    file: '_files',
    folder: '_files -/',
    anything: ':',
  }[value];
}

function fish(program: Spoken): string {
  const at = (paths: readonly string[]) =>
    paths.length === all(program).filter(({ flags }) => flags.length > 0).length
      ? ''
      : ` -n ${quoted(`__reelstate_at ${paths.map((path) => `"${path}"`).join(' ')}`)}`;
  const lines: string[] = [];
  for (const { path, commands, takes } of all(program)) {
    for (const { names, description } of commands)
      for (const name of names) lines.push(`${at([path])} -a ${name} -d ${quoted(description)}`);
    if (takes) lines.push(`${at([path])}${fishValue(takes)}`);
  }
  // What is the same for several commands is said once: each condition takes its time.
  const flags = new Map<string, string[]>();
  for (const { path, flags: own } of all(program))
    for (const { long, description, value } of own) {
      const line = ` -l ${long.slice(2)}${value ? ` -r${fishValue(value)}` : ''} -d ${quoted(description)}`;
      flags.set(line, [...(flags.get(line) ?? []), path]);
    }
  for (const [line, paths] of flags) lines.push(`${at(paths)}${line}`);
  return `# How fish completes reelstate. Made by: reelstate completion fish
function __reelstate_scan
    set -l path
    set -l flag
    set -l dir recordings
    test -n "$REELSTATE_DIR"; and set dir $REELSTATE_DIR
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        if test -n "$flag"
            test "$flag" = --dir; and set dir $word
            set flag
            continue
        end
        string match -q -- '--dir=*' $word; and set dir (string sub -s 7 -- $word)
        switch "$path:$word"
            case ${valued(program)
              .map((flag) => `'${flag}'`)
              .join(' ')}
                set flag $word
${all(program)
  .flatMap(({ path, commands }) =>
    commands.map(
      (command) =>
        `            case ${command.names.map((name) => `'${path}:${name}'`).join(' ')}\n                set path '${command.path}'`,
    ),
  )
  .join('\n')}
        end
    end
    printf '%s\\n' "$path" "$dir"
end

function __reelstate_at
    set -l scanned (__reelstate_scan)
    contains -- "$scanned[1]" $argv
end

function __reelstate_names
    set -l scanned (__reelstate_scan)
    for file in $scanned[2]/**.yaml $scanned[2]/**.yml
        string replace -r '.*/' '' -- $file | string replace -r '\\.ya?ml$' ''
    end
end

complete -c reelstate -f
${lines.map((line) => `complete -c reelstate${line}`).join('\n')}
`;
}

function fishValue(value: Value): string {
  if (typeof value === 'object') return ` -f -a '${value.choices.join(' ')}'`;
  return {
    name: " -f -a '(__reelstate_names)'",
    'name or file': " -F -a '(__reelstate_names)'",
    file: ' -F',
    folder: " -f -a '(__fish_complete_directories)'",
    anything: ' -f',
  }[value];
}

/** A command and all that are below it. */
function all(command: Spoken): Spoken[] {
  return [command, ...command.commands.flatMap(all)];
}

/** "plan:--out" for each flag that takes a value, "*:--dir" where it does so with every command that has it. */
function valued(program: Spoken): string[] {
  const flags = all(program).flatMap(({ path, flags: own }) => own.map((flag) => ({ ...flag, path })));
  const without = new Set(flags.filter(({ value }) => !value).map(({ long }) => long));
  const taking = flags.filter(({ value }) => value);
  return [...new Set(taking.map(({ long, path }) => (without.has(long) ? `${path}:${long}` : `*:${long}`)))];
}

/** Patterns of a case; what stands for any text is not quoted. */
function patterns(of: readonly string[]): string {
  return of.map((each) => (each.startsWith('*') ? each : `'${each}'`)).join(' | ');
}

/** Goes on to the command that a word names. @param open what stands before a pattern */
function commandCases(program: Spoken, act: (path: string) => string, indent: string, open = ''): string {
  return all(program)
    .flatMap(({ path, commands }) =>
      commands.map(
        (command) =>
          `${indent}${open}${patterns(command.names.map((name) => `${path}:${name}`))}) ${act(command.path)} ;;`,
      ),
    )
    .join('\n');
}

/** Completes the value of a flag: first where a command has its own values, then for all that have the flag. */
function valueCases(program: Spoken, act: (value: Value) => string, indent: string, open = ''): string {
  const byFlag = new Map<string, Map<string, string[]>>();
  for (const { path, flags } of all(program))
    for (const { long, value } of flags) {
      if (!value || value === 'anything') continue;
      const acts = byFlag.get(long) ?? new Map<string, string[]>();
      acts.set(act(value), [...(acts.get(act(value)) ?? []), `${path}:${long}`]);
      byFlag.set(long, acts);
    }
  const lines = [...byFlag].flatMap(([long, acts]) => {
    const [usual, ...others] = [...acts].sort((a, b) => b[1].length - a[1].length);
    return [
      ...others.map(([what, where]) => `${indent}${open}${patterns(where)}) ${what} ;;`),
      `${indent}${open}*:${long}) ${usual?.[0]} ;;`,
    ];
  });
  return lines.join('\n');
}

/** Completes what is no value of a flag: a flag, a command, or an argument. */
function argumentCases(
  program: Spoken,
  act: (value: Value) => string,
  indent: string,
  offer: (flags: Spoken['flags']) => string,
  open = '',
  offerCommands = (commands: readonly Spoken[]) => act({ choices: commands.flatMap(({ names }) => names) }),
): string {
  return all(program)
    .flatMap(({ path, flags, commands, takes }) => [
      `${indent}${open}'${path}:-'*) ${offer(flags)} ;;`,
      ...(commands.length > 0 ? [`${indent}${open}'${path}:'*) ${offerCommands(commands)} ;;`] : []),
      ...(takes && takes !== 'anything' ? [`${indent}${open}'${path}:'*) ${act(takes)} ;;`] : []),
    ])
    .join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
