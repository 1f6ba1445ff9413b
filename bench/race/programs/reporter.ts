import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { RaceOrder, Report, TimedPayload, Work, WorkMessage } from '../messages';

/** How a contestant's records are looked at. */
export interface RecordView<Item> {
  size(item: Item): number;
  /** Parses the payload, in the way of the contestant. */
  parse(item: Item): unknown;
}

/** A contestant's order, its handler and its reports. */
export class Reporter {
  readonly order: RaceOrder;
  private readonly socket: Socket;
  private work: Work = 'noop';
  private bytes = 0;

  constructor() {
    const [, , text] = process.argv;
    if (text === undefined) throw new Error('This program is started by the benchmarks');
    this.order = JSON.parse(text) as RaceOrder;
    this.socket = createConnection({ host: '127.0.0.1', port: this.order.reportPort });
    this.socket.setNoDelay(true);
    // The race is over, or has been broken off.
    this.socket.once('close', () => process.exit(0));
    this.socket.on('error', () => undefined);
    createInterface({ input: this.socket }).on('line', (line) => {
      this.work = (JSON.parse(line) as WorkMessage).work;
    });
    this.send({ kind: 'hello', worker: this.order.worker });
  }

  /** The handler of every contestant: sizes alone, or each record parsed. */
  handle<Item>(shard: string, items: readonly Item[], view: RecordView<Item>): void {
    if (this.order.isTimed) return this.handleTimed(shard, items, view);
    if (this.work === 'parse') for (const item of items) this.use(view.parse(item));
    else for (const item of items) this.bytes += view.size(item);
    this.send({ kind: 'batch', shard, records: items.length, atNs: String(process.hrtime.bigint()) });
  }

  committed(shard: string, records: number): void {
    this.send({ kind: 'commit', shard, records, atNs: String(process.hrtime.bigint()) });
  }

  private handleTimed<Item>(shard: string, items: readonly Item[], view: RecordView<Item>): void {
    const now = process.hrtime.bigint();
    const payloads = items.map((item) => view.parse(item) as TimedPayload);
    const latenciesMs = payloads.map(({ putNs }) => Number(now - BigInt(putNs)) / 1e6);
    const ids = payloads.map(({ id }) => id);
    this.send({ kind: 'batch', shard, records: items.length, atNs: String(now), ids, latenciesMs });
  }

  /** Keeps the engine from leaving the parsing out. */
  private use(value: unknown): void {
    if (typeof value === 'object' && value !== null) this.bytes += 1;
  }

  private send(report: Report): void {
    this.socket.write(`${JSON.stringify(report)}\n`);
  }
}
