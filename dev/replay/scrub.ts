import { hostname } from 'node:os';
import path from 'node:path';

const PROJECT = path.resolve(__dirname, '../..');

export interface ScrubOptions {
  /** Texts that must not be left in: paths of this machine, and what was in the records. */
  readonly forbidden: readonly string[];
}

/**
 * A recorded history without what tells the machine it was made on: identities become `worker-a:1`, `worker-b:1`, `client:1`, paths of
 * the project begin with `/project`, and stack traces go. Payloads are looked into. Nothing that replay compares is touched.
 * @throws if a forbidden text is still in it
 */
export function scrubHistory(history: unknown, { forbidden }: ScrubOptions): unknown {
  const names = new Map<string, string>();
  const scrubbed = mapTexts(history, (text) => neutral(text, names));
  const left = [hostname(), ...forbidden].filter((text) => containsText(scrubbed, text));
  if (left.length > 0) throw new Error(`A history still contains ${left.join(', ')}`);
  return scrubbed;
}

/** Whether a text occurs anywhere in a JSON history, also inside payloads, as it is or in base64. */
export function containsText(history: unknown, text: string): boolean {
  let found = false;
  mapTexts(history, (candidate) => {
    found ||= candidate.includes(text) || candidate.includes(Buffer.from(text).toString('base64').replace(/=+$/, ''));
    return candidate;
  });
  return found;
}

/** Applies `change` to every string of a JSON value; to the data of a payload after decoding it. Stack traces are left out. */
function mapTexts(value: unknown, change: (text: string) => string, key = ''): unknown {
  if (key === 'stackTrace') return '';
  if (typeof value === 'string')
    return key === 'data' ? base64(change(Buffer.from(value, 'base64').toString())) : change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, change, name)]));
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** The SDK names itself `pid@host`, Tidemark's workers `host:pid`. */
function neutral(text: string, names: Map<string, string>): string {
  const host = hostname().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return text
    .replaceAll(PROJECT, '/project')
    .replace(new RegExp(`\\b${host}:\\d+`, 'g'), (identity) => nameOf(identity, names))
    .replace(new RegExp(`\\b\\d+@${host}`, 'g'), 'client:1')
    .replace(new RegExp(host, 'g'), 'host');
}

function nameOf(identity: string, names: Map<string, string>): string {
  const name = names.get(identity) ?? `worker-${'abcdefghijklmnopqrstuvwxyz'[names.size] ?? names.size}:1`;
  names.set(identity, name);
  return name;
}
