import { RecordRejectedError, type KinesisRecord } from '../../../src';
import { trust, type HostileValue } from './hostile-json';
import type { PoisonKind } from './kinds';

/** What the schema lets through. */
export interface PoisonValue extends HostileValue {
  readonly n: number;
  readonly poison?: PoisonKind;
}

/** Each kind as a handler with a bug does it. Errors quote their record, as errors do. */
export async function misbehave(kind: PoisonKind, record: KinesisRecord<PoisonValue>): Promise<void> {
  switch (kind) {
    case 'rejects':
      throw new RecordRejectedError(`can never succeed: ${record.text()}`, { record });
    case 'blocks':
      for (;;);
    case 'neverSettles':
      return new Promise(() => {});
    case 'exits':
      return process.exit(7);
    case 'aborts':
      return process.abort();
    case 'outOfMemory':
      return exhaustMemory();
    case 'hostileJson':
      return trust(record.value);
    case 'throws':
    case 'huge':
    case 'badSchema':
      throw new TypeError(`cannot handle ${record.text()}`);
  }
}

function exhaustMemory(): never {
  const hoard: unknown[] = [];
  // Large steps: the collector has nothing to move, and the end comes soon.
  for (;;) hoard.push(new Array(4_000_000).fill(0.5));
}
