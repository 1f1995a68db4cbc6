// The section `processes` of a configuration file: what a node supervises, as the supervisor takes it. Whether a program exists or
// a user is known is seen when it starts. Pure but for opening encrypted values.

import type { ProcessDefinition } from '../keeper/process-definition.js';
import * as scalars from './scalars.js';
import { maybeEncrypted } from './sections.js';
import type { Mapping, Value } from './value.js';

const PROCESSES_MAX = 200;
const WORDS_MAX = 200;
const WORD_BYTES_MAX = 16 * 1024;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;
/** Told by the daemon, so that commands just work and a process can prove its reign. */
const RESERVED_VARIABLES = ['QUORATE_NODE', 'QUORATE_NODE_NAME', 'QUORATE_EPOCH', 'QUORATE_RUN'];
const MEMORY_BYTES_MIN = 1024 * 1024;
const OUTPUT_BYTES_MIN = 4096;
const STOP_GRACE_MAX_MS = 3_600_000;
const KEYS =
  'name group start command primaryOnly environment workingDirectory user stopGrace restart limits output'.split(
    ' ',
  );
/** Defaults of what a process leaves open. Source: design, section 6. */
const DEFAULTS = {
  stopGraceMs: 10_000,
  restart: { limit: 3, withinMs: 60_000 },
  output: { maxBytes: 10 * 1024 * 1024, keep: 5 },
} as const;

/** The processes in the order written; `resolve` makes a path absolute, `key` opens encrypted values. */
export function processSection(
  value: Value | null,
  resolve: (file: string) => string,
  key: string | undefined,
): ProcessDefinition[] {
  if (value === null || value.isNothing) return [];
  const elements = value.list() ?? [];
  if (elements.length > PROCESSES_MAX)
    value.complain(`expected at most ${PROCESSES_MAX} processes`);
  const processes: ProcessDefinition[] = [];
  for (const element of elements) {
    const section = element.mapping(KEYS);
    const found = section === null ? null : oneProcess(section, resolve, key);
    if (found === null) continue;
    if (processes.some(({ name }) => name === found.name)) {
      section?.get('name')?.complain(`the process ${found.name} stands twice`);
    }
    processes.push(found);
  }
  return processes;
}

function oneProcess(
  section: Mapping,
  resolve: (file: string) => string,
  key: string | undefined,
): ProcessDefinition | null {
  const file = (text: string): string => resolve(scalars.someText(4096)(text));
  const name = section.needed('name')?.read(scalars.properName) ?? null;
  const commandValue = section.needed('command');
  const command = commandValue === null ? null : commandWords(commandValue);
  const restart = section.section('restart', ['limit', 'within']);
  const limits = section.section('limits', ['memory']);
  const found = {
    group: section.read('group', scalars.properName),
    start: section.read('start', scalars.truth) ?? true,
    primaryOnly: section.read('primaryOnly', scalars.truth) ?? false,
    environment: environmentOf(section.get('environment'), key),
    workingDirectory: section.read('workingDirectory', file),
    user: section.read('user', scalars.someText(256)),
    stopGraceMs:
      section.read('stopGrace', scalars.duration(1, STOP_GRACE_MAX_MS)) ?? DEFAULTS.stopGraceMs,
    restart: {
      limit: restart.read('limit', scalars.wholeNumber(0, 1000)) ?? DEFAULTS.restart.limit,
      withinMs: restart.read('within', scalars.duration(1000)) ?? DEFAULTS.restart.withinMs,
    },
    memoryBytes: limits.read('memory', scalars.size(MEMORY_BYTES_MIN)),
    output: outputOf(section.get('output'), file),
  };
  return name === null || command === null ? null : { name, command, ...found };
}

/** Program and arguments, null after an error. One text would need a shell, whose rules differ from YAML's. */
export function commandWords(value: Value): string[] | null {
  if (!value.isList) {
    return value.complain(
      'expected a list of program and arguments, such as [node, service.js]; a shell only if asked for: [sh, -c, "a | b"]',
    );
  }
  const elements = value.list() ?? [];
  if (elements.length === 0) value.complain('expected a program, got an empty list');
  if (elements.length > WORDS_MAX) value.complain(`expected at most ${WORDS_MAX} words`);
  const words = elements.map((element, index) => {
    return element.read(index === 0 ? scalars.someText(WORD_BYTES_MAX) : argument);
  });
  return words.includes(null) || words.length === 0 ? null : words.filter((word) => word !== null);
}

function argument(text: string): string {
  if (Buffer.byteLength(text) <= WORD_BYTES_MAX && !text.includes('\u0000')) return text;
  throw new scalars.Wrong(`text of at most ${WORD_BYTES_MAX} bytes`);
}

function environmentOf(value: Value | null, key: string | undefined): Record<string, string> {
  const environment: Record<string, string> = {};
  if (value === null || value.isNothing) return environment;
  for (const { key: name, value: entry } of value.entries() ?? []) {
    if (!VARIABLE.test(name))
      entry.complain('expected a variable of letters, digits and underscores');
    if (RESERVED_VARIABLES.includes(name)) entry.complain('the daemon itself sets this variable');
    const read = maybeEncrypted(entry, key);
    if (read !== null) environment[name] = read.plain;
  }
  return environment;
}

function outputOf(
  value: Value | null,
  file: (text: string) => string,
): ProcessDefinition['output'] {
  if (value === null || value.isNothing) return null;
  const section = value.mapping(['file', 'maxSize', 'keep']);
  const found = section?.needed('file')?.read(file) ?? null;
  const maxBytes = section?.read('maxSize', scalars.size(OUTPUT_BYTES_MIN)) ?? null;
  const keep = section?.read('keep', scalars.wholeNumber(0, 100)) ?? null;
  if (found === null) return null;
  const { output } = DEFAULTS;
  return { file: found, maxBytes: maxBytes ?? output.maxBytes, keep: keep ?? output.keep };
}
