import { PutRecordsCommand, type KinesisClient, type PutRecordsResultEntry } from '@aws-sdk/client-kinesis';
import type { Journal } from '../journal';
import type { JournalRecord } from '../journal-entries';
import type { Random } from '../random';
import { Pacer } from '../common/pacer';
import { pause } from '../common/wait';

const MAX_RECORDS_PER_CALL = 400;
const RETRY_MS = 100;
const MAX_TRIES = 100;

export interface ProducerOptions {
  readonly kinesis: KinesisClient;
  readonly streamName: string;
  readonly journal: Journal;
  readonly random: Random;
  readonly records: number;
  readonly keys: number;
  readonly recordsPerSecond: number;
  readonly signal: AbortSignal;
}

interface Message {
  readonly id: string;
  readonly key: string;
  readonly counter: number;
}

/**
 * Puts records of per-key counters at a steady pace, slower beyond what is allowed. One call after the other, each with distinct keys:
 * so one request per key is in flight, and counters follow sequence numbers.
 */
export class Producer {
  /** The newest acknowledged record of each shard. */
  readonly newest = new Map<string, { readonly number: number; readonly sequenceNumber: string }>();
  acknowledged = 0;
  private numbered = 0;
  private readonly counters: number[];
  private readonly pacer: Pacer;

  constructor(private readonly options: ProducerOptions) {
    const { keys, records, recordsPerSecond, signal } = options;
    this.counters = new Array<number>(keys).fill(0);
    const maxAtOnce = Math.min(keys, MAX_RECORDS_PER_CALL);
    const put = (count: number): Promise<void> => this.put(this.nextMessages(count));
    this.pacer = new Pacer({ records, recordsPerSecond, maxAtOnce, put, signal });
  }

  /** How many records were put or tried. */
  get puts(): number {
    return this.pacer.puts;
  }

  allow(records: number): void {
    this.pacer.allow(records);
  }

  /** No more are put, though there are more. */
  end(): void {
    this.pacer.end();
  }

  run(): Promise<void> {
    return this.pacer.run();
  }

  private nextMessages(count: number): Message[] {
    const { random } = this.options;
    const chosen = random.shuffle([...this.counters.keys()]).slice(0, count);
    return chosen.map((key) => {
      const counter = (this.counters[key] ?? 0) + 1;
      this.counters[key] = counter;
      return { id: `r${(this.numbered += 1)}`, key: `k${key}`, counter };
    });
  }

  /** Tries again what was definitely not stored, before anything newer of the same keys. */
  private async put(messages: Message[]): Promise<void> {
    let left = messages;
    for (let tries = 1; left.length > 0; tries++) {
      if (tries > MAX_TRIES) throw new Error(`${left.length} records were refused ${MAX_TRIES} times`);
      if (tries > 1) await pause(RETRY_MS, this.options.signal);
      left = await this.putOnce(left);
    }
  }

  private async putOnce(messages: Message[]): Promise<Message[]> {
    const { kinesis, streamName, journal } = this.options;
    const Records = messages.map((message) => ({
      PartitionKey: message.key,
      Data: Buffer.from(JSON.stringify(message)),
    }));
    try {
      const answer = await kinesis.send(new PutRecordsCommand({ StreamName: streamName, Records }));
      return await this.noteAnswers(messages, answer.Records ?? []);
    } catch (error) {
      if (wasRefused(error)) return messages;
      await journal.append(messages.map((message) => ({ kind: 'putUnknown', ...message })));
      return [];
    }
  }

  /** Returns what was not stored. */
  private async noteAnswers(messages: Message[], answers: PutRecordsResultEntry[]): Promise<Message[]> {
    const stored: JournalRecord[] = [];
    const refused: Message[] = [];
    messages.forEach((message, index) => {
      const { ShardId: shardId, SequenceNumber: sequenceNumber } = answers[index] ?? {};
      if (!shardId || !sequenceNumber) return refused.push(message);
      this.noteNewest(shardId, numberOf(message.id), sequenceNumber);
      return stored.push({ kind: 'put', ...message, shardId, sequenceNumber });
    });
    await this.options.journal.append(stored);
    this.acknowledged += stored.length;
    return refused;
  }

  private noteNewest(shardId: string, number: number, sequenceNumber: string): void {
    if ((this.newest.get(shardId)?.number ?? 0) < number) this.newest.set(shardId, { number, sequenceNumber });
  }
}

/** Records are numbered in the order of their puts. */
export function numberOf(id: string): number {
  return Number(id.slice(1));
}

/** The service answered and said no: nothing was stored. */
function wasRefused(error: unknown): boolean {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status !== undefined && status >= 400 && status < 500;
}
