// `quorate completion bash|zsh|fish`: a script that completes commands, options and the words that an option takes, made from the
// command line's own tree, so that it never lags behind. The script is static: completing starts no process and asks no
// daemon.

import { Argument } from 'commander';
import type { Command } from 'commander';
import { printLines } from '../cli.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** Adds the command; the others must be there when it runs. */
export function registerCompletion(program: Command): void {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', SHELLS.join(', ')).choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  source <(quorate completion bash)
  quorate completion zsh > "\${fpath[1]}/_quorate"
  quorate completion fish > ~/.config/fish/completions/quorate.fish`,
    )
    .action((shell: Shell) => {
      printLines(completionScript(program, shell));
    });
}

/** The script, in lines. */
export function completionScript(program: Command, shell: Shell): string[] {
  return SCRIPTS[shell](nodesOf(program));
}

/** One command of the tree: the words that lead to it, and what may follow. */
interface TreeNode {
  /** Without the program's own name; empty for the program. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly about: string }[];
  /** Options that take a value, which is not completed. */
  readonly valued: readonly string[];
}

function nodesOf(program: Command): TreeNode[] {
  const shared = program.options.filter(({ hidden }) => !hidden);
  const visit = (command: Command, path: string): TreeNode[] => {
    const options = [...new Set([...command.options.filter(({ hidden }) => !hidden), ...shared])];
    const subcommands = command.commands.map((sub) => {
      return { word: sub.name(), about: firstLine(sub.description()) };
    });
    const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
    const flags = options.flatMap(({ long, description }) => {
      return typeof long === 'string' ? [{ word: long, about: firstLine(description) }] : [];
    });
    const node = {
      path,
      words: [
        ...subcommands,
        ...choices.map((word) => ({ word, about: '' })),
        ...flags,
        { word: '--help', about: 'show help' },
      ],
      valued: options.flatMap(({ long, required }) =>
        required && typeof long === 'string' ? [long] : [],
      ),
    };
    const below = command.commands.flatMap((sub) => visit(sub, `${path} ${sub.name()}`.trim()));
    return [node, ...below];
  };
  return visit(program, '');
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

/** In single quotes, as bash and zsh read them. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The walk that finds the command typed so far: bash and zsh share it. `$1` on are the words before the cursor. */
function walkLines(nodes: readonly TreeNode[]): string[] {
  const paths = nodes.map(({ path }) => path).filter((path) => path !== '');
  const valued = [...new Set(nodes.flatMap((node) => node.valued))];
  return [
    '  local at="" skip="" word',
    '  for word in "$@"; do',
    '    if [ -n "$skip" ]; then skip=""; continue; fi',
    '    case "$word" in',
    `      ${valued.join('|')}) skip=1; continue ;;`,
    '      -*) continue ;;',
    '    esac',
    '    case "${at:+$at }$word" in',
    `      ${paths.map(quoted).join('|')}) at="\${at:+$at }$word" ;;`,
    '    esac',
    '  done',
  ];
}

function bashScript(nodes: readonly TreeNode[]): string[] {
  const cases = nodes.map(({ path, words }) => {
    return `    ${quoted(path)}) words=${quoted(words.map(({ word }) => word).join(' '))} ;;`;
  });
  return [
    '# bash completion for quorate',
    '_quorate_words() {',
    ...walkLines(nodes),
    '  if [ -n "$skip" ]; then words=""; return; fi',
    '  case "$at" in',
    ...cases,
    '  esac',
    '}',
    '_quorate() {',
    '  local words=""',
    '  _quorate_words "${COMP_WORDS[@]:1:COMP_CWORD-1}"',
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    'complete -o default -F _quorate quorate',
  ];
}

function zshScript(nodes: readonly TreeNode[]): string[] {
  const cases = nodes.map(({ path, words }) => {
    const entries = words.map(({ word, about }) =>
      quoted(`${word}:${about.replaceAll(':', '\\:')}`),
    );
    return `    ${quoted(path)}) entries=(${entries.join(' ')}) ;;`;
  });
  return [
    '#compdef quorate',
    '_quorate_entries() {',
    ...walkLines(nodes),
    '  entries=()',
    '  if [ -n "$skip" ]; then return; fi',
    '  case "$at" in',
    ...cases,
    '  esac',
    '}',
    '_quorate() {',
    '  local -a entries',
    '  _quorate_entries "${(@)words[2,CURRENT-1]}"',
    '  if (( ${#entries} )); then _describe quorate entries || _files; else _files; fi',
    '}',
    // Read as a function of its own, or sourced.
    'if [ "${funcstack[1]}" = "_quorate" ]; then _quorate "$@"; else compdef _quorate quorate; fi',
  ];
}

function fishScript(nodes: readonly TreeNode[]): string[] {
  const fish = (text: string): string =>
    `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const valued = [...new Set(nodes.flatMap((node) => node.valued))];
  const paths = nodes.map(({ path }) => path).filter((path) => path !== '');
  const entries = nodes.flatMap(({ path, words }) => {
    return words.map(({ word, about }) => {
      const when = `-n ${fish(`__quorate_at ${fish(path)}`)}`;
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${fish(word)}`;
      const value = valued.includes(word) ? ' -r' : '';
      const text = about === '' ? '' : ` -d ${fish(about)}`;
      return `complete -c quorate ${when} ${what}${value}${text}`;
    });
  });
  return [
    '# fish completion for quorate',
    'function __quorate_at',
    '  set -l at',
    '  set -l skip 0',
    '  for word in (commandline -opc)[2..-1]',
    '    if test $skip = 1; set skip 0; continue; end',
    `    if contains -- $word ${valued.join(' ')}; set skip 1; continue; end`,
    '    if string match -q -- "-*" $word; continue; end',
    '    set -l next (string trim "$at $word")',
    `    if contains -- $next ${paths.map(fish).join(' ')}; set at $next; end`,
    '  end',
    '  test "$at" = "$argv[1]"',
    'end',
    'complete -c quorate -f',
    ...entries,
  ];
}

const SCRIPTS: Readonly<Record<Shell, (nodes: readonly TreeNode[]) => string[]>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};
