import type { BenchContext } from '../scenarios/bench-context';
import { profiling } from '../scenarios/profiling';
import { Child } from '../measure/child';
import type { Contestant } from './contestant';
import { Entrant } from './entrant';
import type { RaceOrder } from './messages';
import { RaceStreams } from './race-streams';
import { ReportServer } from './report-server';

export interface EntrantOptions {
  readonly contestant: Contestant;
  readonly stream: string;
  readonly application: string;
  readonly dynamodbEndpoint?: string;
  readonly isTimed?: boolean;
  readonly isTuned?: boolean;
  readonly isFirst?: boolean;
}

/** Of all worlds: they share tables and Temporal. */
let names = 0;

/** Servers, streams and processes of one scenario. */
export class RaceWorld {
  private readonly entrants: Entrant[] = [];

  private constructor(
    readonly context: BenchContext,
    readonly streams: RaceStreams,
    private readonly reports: ReportServer,
    private readonly kinesis: Child,
  ) {}

  static async start(context: BenchContext): Promise<RaceWorld> {
    const { child, endpoint = '' } = await Child.start({ program: 'race/servers/race-kinesis.ts', order: {} });
    return new RaceWorld(context, new RaceStreams(endpoint), await ReportServer.start(), child);
  }

  /** A name that no table, stream or workflow has had. */
  newName(what: string): string {
    names += 1;
    return `race-${what}-${process.pid}-${names}`;
  }

  enter(options: EntrantOptions): Entrant {
    const { contestant, stream, application } = options;
    const worker = this.newName(contestant.id);
    const order: RaceOrder = {
      worker,
      reportPort: this.reports.port,
      application,
      stream,
      kinesisEndpoint: this.streams.endpoint,
      dynamodbEndpoint: options.dynamodbEndpoint ?? this.context.stack.dynamodbEndpoint,
      temporalAddress: this.context.stack.temporalAddress,
      isTimed: options.isTimed ?? false,
      isTuned: options.isTuned ?? false,
      isFirst: options.isFirst ?? true,
      settings: contestant.settings,
    };
    const profile = profiling(this.context, contestant.id);
    const wrap = ([command = '', ...args]: readonly string[]): readonly string[] =>
      this.context.pinning.alone([command, ...(command === process.execPath ? profile : []), ...args]);
    const entrant = Entrant.start(contestant, order, this.reports.of(worker), wrap);
    this.entrants.push(entrant);
    return entrant;
  }

  async stop(): Promise<void> {
    await Promise.all(this.entrants.map((entrant) => entrant.killed()));
    this.reports.close();
    this.streams.close();
    await this.kinesis.stop();
  }
}
