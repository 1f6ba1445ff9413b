import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TimedPayload } from './messages';

const PADDING = 'x'.repeat(970);
/** Puts are gathered for this long: a put of each record by itself would be the feeder's cost. */
const TICK_MS = 10;

/** The race's streams, seen from the side that fills them. */
export class RaceStreams {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(readonly endpoint: string) {}

  async create(name: string, shards: number): Promise<void> {
    await this.call('CreateStream', { StreamName: name, ShardCount: shards });
  }

  /** Makes so many records of each shard readable at once. */
  async release(name: string, recordsPerShard: number): Promise<void> {
    await this.call('Release', { StreamName: name, RecordsPerShard: recordsPerShard });
  }

  /** GetRecords calls on a stream so far, all shards together. */
  async polls(name: string): Promise<number> {
    return Number((await this.call('CountPolls', { StreamName: name })).Polls);
  }

  async untilPolled(name: string, polls: number, timeoutMs: number): Promise<void> {
    const endMs = performance.now() + timeoutMs;
    while ((await this.polls(name)) < polls) {
      if (performance.now() > endMs) throw new Error(`${name} was not polled ${polls} times within ${timeoutMs} ms`);
      await sleep(100);
    }
  }

  async put(name: string, ids: readonly number[]): Promise<void> {
    const putNs = String(process.hrtime.bigint());
    const Records = ids.map((id) => {
      const payload: TimedPayload = { id, putNs, padding: PADDING };
      return { Data: Buffer.from(JSON.stringify(payload)).toString('base64'), PartitionKey: `key-${id % 997}` };
    });
    await this.call('PutRecords', { StreamName: name, Records });
  }

  close(): void {
    this.agent.destroy();
  }

  private call(operation: string, body: unknown): Promise<Record<string, unknown>> {
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Kinesis_20131202.${operation}` };
    return new Promise((resolve, reject) => {
      const outgoing = request(this.endpoint, { method: 'POST', headers, agent: this.agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (answer.statusCode === 200) resolve(JSON.parse(text) as Record<string, unknown>);
          else reject(new Error(`${operation}: ${answer.statusCode} ${text}`));
        });
      });
      outgoing.on('error', reject);
      outgoing.end(JSON.stringify(body));
    });
  }
}

/** Puts records at an even pace until it is stopped; a late timer is made up for. Ids count from 0. */
export class Feeder {
  private isOn = true;
  private sent = 0;
  private readonly done: Promise<void>;

  constructor(
    private readonly streams: RaceStreams,
    private readonly name: string,
    private readonly perSecond: number,
  ) {
    this.done = this.run();
    // Reported by `stop`.
    this.done.catch(() => undefined);
  }

  /** Ids below this one have been put. */
  get count(): number {
    return this.sent;
  }

  async stop(): Promise<number> {
    this.isOn = false;
    await this.done;
    return this.sent;
  }

  private async run(): Promise<void> {
    const startedMs = performance.now();
    while (this.isOn) {
      const due = Math.floor(((performance.now() - startedMs) / 1_000) * this.perSecond);
      if (due > this.sent) {
        const ids = Array.from({ length: due - this.sent }, (_, index) => this.sent + index);
        this.sent = due;
        await this.streams.put(this.name, ids);
      }
      await sleep(TICK_MS);
    }
  }
}
