import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { WholeLines } from './whole-lines';

/** Passes on what a process writes, whole lines with a prefix. Reads no faster than the target takes it. Ends with the source. */
export async function mergeStream(source: Readable, target: Writable, prefix: string): Promise<void> {
  const lines = new WholeLines(prefix);
  try {
    for await (const chunk of source) await write(target, lines.push(chunk as Buffer));
  } catch {
    // The process has gone, and its pipe with it: what it wrote before is all there is.
  }
  await write(target, lines.end());
}

/** One drain for all that wait: each listener of its own would add up to a warning of a leak. */
const drains = new WeakMap<Writable, Promise<unknown>>();

async function write(target: Writable, bytes: Buffer): Promise<void> {
  if (bytes.length === 0 || target.write(bytes)) return;
  let drain = drains.get(target);
  if (drain === undefined) {
    drain = once(target, 'drain').finally(() => drains.delete(target));
    drains.set(target, drain);
  }
  await drain;
}
