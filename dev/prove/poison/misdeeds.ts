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

type Misdeed = (record: KinesisRecord<PoisonValue>) => Promise<void> | void;

const fail: Misdeed = (record) => {
  throw new TypeError(`cannot handle ${record.text()}`);
};

/** Each kind as a handler with a bug does it. Errors quote their record, as errors do. */
export const misdeeds: Readonly<Record<PoisonKind, Misdeed>> = {
  throws: fail,
  huge: fail,
  badSchema: fail,
  rejects: (record) => {
    throw new RecordRejectedError(`can never succeed: ${record.text()}`, { record });
  },
  blocks: () => {
    for (;;);
  },
  neverSettles: () => new Promise(() => {}),
  exits: () => process.exit(7),
  aborts: () => process.abort(),
  outOfMemory: ({ value }) => exhaustMemory(value.variant === 1 ? 4_000_000 : 100_000),
  hostileJson: ({ value }) => trust(value),
};

/** In a thread, many small steps end the thread; a large one at the limit ends the process, as V8 has it. */
function exhaustMemory(elements: number): never {
  const hoard: unknown[] = [];
  for (;;) hoard.push(new Array(elements).fill(0.5));
}
