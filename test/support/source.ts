import type { ConsumerOptions } from '../../src';
import type { ScriptedKinesis } from './scripted-kinesis';

/** Set by the jest project `fan-out`, which runs end-to-end tests again on the second source. */
const READS_BY_FAN_OUT = process.env.TIDEMARK_TEST_FAN_OUT === '1';

/** Options of a consumer that reads by the source of this run. */
export const SOURCE: Pick<ConsumerOptions, 'fanOut'> = READS_BY_FAN_OUT ? { fanOut: {} } : {};

/** The same as source text of a consumer file. */
export const SOURCE_TEXT = READS_BY_FAN_OUT ? 'fanOut: {},' : '';

/** How many pages of records were sent, empty ones as well: answers of GetRecords, or events of subscriptions. */
export function pagesSent({ requests, subscriptions }: ScriptedKinesis): number {
  if (!READS_BY_FAN_OUT) return requests.count('GetRecords');
  return subscriptions.reduce((sum, { events }) => sum + events, 0);
}

/** @throws if nobody has subscribed where all should. Moves of a checkpoint look at the shard by GetRecords on either source. */
export function assertSource({ subscriptions }: ScriptedKinesis): void {
  if (READS_BY_FAN_OUT && subscriptions.length === 0)
    throw new Error('a consumer of enhanced fan-out without a subscription');
}
