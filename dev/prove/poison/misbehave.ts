import { RecordRejectedError, type KinesisRecord } from '../../../src';
import { trust, type HostileValue } from './hostile-json';
import type { PoisonKind } from './kinds';

/** What the schema lets through. */
export interface PoisonValue extends HostileValue {
  readonly n: number;
  readonly poison?: PoisonKind;
  /** Form of the kind. */
  readonly variant?: number;
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
      return exhaustMemory(record.value.variant === 1 ? 4_000_000 : 100_000);
    case 'hostileJson':
      return trust(record.value);
    case 'throws':
    case 'huge':
    case 'badSchema':
      throw new TypeError(`cannot handle ${record.text()}`);
  }
}

/** In a thread, many small steps end the thread; a large one at the limit ends the process, as V8 has it. */
function exhaustMemory(elements: number): never {
  const hoard: unknown[] = [];
  for (;;) hoard.push(new Array(elements).fill(0.5));
}
