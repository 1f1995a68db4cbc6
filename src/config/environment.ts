// `${NAME}` and `${NAME:-default}` in the values of a configuration file, replaced from the environment; `$${` stands for
// itself. Done after the file's structure is known, so that no value can change it. Pure.

import { Wrong } from './scalars.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$(\$?)\{([^}]*)(\}?)/g;
const FORMS = 'a reference is ${NAME} or ${NAME:-default}; for a plain ${ write $${';
const INSIDE = /^([A-Za-z_][A-Za-z0-9_]{0,254})(?::-(.*))?$/s;

/** Whether any part of the text comes from the environment, so that what it becomes must not be shown. */
export function hasReference(text: string): boolean {
  return /(?<!\$)\$\{/.test(text);
}

/** Replaces the references; one without a default whose variable is not set is refused. */
export function substituted(text: string, environment: Environment): string {
  return text.replaceAll(REFERENCE, (whole, escape: string, inside: string, end: string) => {
    if (escape !== '') return whole.slice(1);
    const parts = end === '' ? null : INSIDE.exec(inside);
    if (parts === null) throw new Wrong(FORMS, { isWhole: true });
    const [, name = '', fallback] = parts;
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value !== undefined) return value;
    const message = `the environment variable ${name} is not set; set it, or write \${${name}:-default}`;
    throw new Wrong(message, { isWhole: true });
  });
}
