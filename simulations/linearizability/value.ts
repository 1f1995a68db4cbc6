// Values as histories hold them: whatever JSON or EDN can say. Two are equal exactly if their texts are.

/** What EDN has and JSON has not, such as a keyword, is kept as its text. */
export type Value =
  | null
  | boolean
  | number
  | string
  | { readonly edn: string }
  | readonly Value[]
  | { readonly [name: string]: Value };

/** The text of what only EDN has, such as `:name`; null: the value is none of these. */
export function ednTextOf(value: Value): string | null {
  const isEdn = value !== null && typeof value === 'object' && 'edn' in value;
  return isEdn && typeof value.edn === 'string' ? value.edn : null;
}

/** Equal exactly for equal plain data: names in order, and nothing left out but what is undefined. */
export function textOf(value: unknown): string {
  if (value === undefined) return 'null';
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${textOf(each)}`).join(',')}}`;
}

/** Whether two values are the same. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  return textOf(a) === textOf(b);
}

/** For people: texts in quotes, nothing as `nil`. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(showValue).join(' ')}]`;
  if ('edn' in value && typeof value.edn === 'string') return value.edn;
  const entries = Object.entries(value).map(([name, each]) => `${name}: ${showValue(each)}`);
  return `{${entries.join(', ')}}`;
}
