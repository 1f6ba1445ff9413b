import {
  DescribeStreamSummaryCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';

import { ShortCalls } from '../aws/short-calls';
import { translateAwsError } from '../aws/translate-error';
import { TidemarkError } from '../core/errors';
import { defaultConsumerOptions } from '../core/option-values';
import type { WireFormat } from '../core/options';
import type { IteratorStart } from '../core/read-start';
import type { Shard } from '../core/shard-graph';
import { toStreamDescription } from './aws-answers';
import { ShardListing } from './aws-list-shards';
import { getPage } from './get-page';
import type { KinesisPort, Page, StreamDescription, StreamHandle } from './kinesis-port';
import { Wire } from './wire';

export interface AwsKinesisOptions {
  /**
   * Whether a stream is named by its ARN where one is known. An emulator that rejects ARNs (ferrokinesis) needs false.
   *
   * @default true
   */
  readonly useStreamArn?: boolean;
  /**
   * In which form records are read, as the consumer's option.
   *
   * @default auto
   */
  readonly wire?: WireFormat;
}

/** Kinesis through the AWS SDK. A call that its signal cancels ends with `KINESIS_UNAVAILABLE`. */
export class AwsKinesis implements KinesisPort {
  private readonly useStreamArn: boolean;
  private readonly wire: Wire;
  private readonly listing: ShardListing;
  private readonly pages: ShortCalls;

  constructor(
    private readonly client: KinesisClient,
    { useStreamArn = true, wire = defaultConsumerOptions.wire }: AwsKinesisOptions = {},
  ) {
    this.useStreamArn = useStreamArn;
    this.wire = new Wire(wire);
    this.listing = new ShardListing(client);
    this.pages = new ShortCalls(client);
  }

  async describeStream(stream: StreamHandle): Promise<StreamDescription> {
    const command = new DescribeStreamSummaryCommand(this.named(stream));
    let serviceNowMs = Number.NaN;
    command.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        serviceNowMs = dateHeaderMs(result.response);
        return result;
      },
      { step: 'deserialize', name: 'tidemarkServiceClock' },
    );
    const answer = await this.call('DescribeStreamSummary', contextOf(stream), () => this.client.send(command));
    return toStreamDescription(answer.StreamDescriptionSummary, Number.isNaN(serviceNowMs) ? Date.now() : serviceNowMs);
  }

  async listShards(stream: StreamHandle): Promise<Shard[]> {
    return this.call('ListShards', contextOf(stream), () => this.listing.list(this.named(stream)));
  }

  async getShardIterator(stream: StreamHandle, shardId: string, start: IteratorStart): Promise<string> {
    const context = { ...contextOf(stream), shard: shardId, ...positionContext(start) };
    const command = new GetShardIteratorCommand({
      ...this.named(stream),
      ShardId: shardId,
      ...iteratorParameters(start),
    });
    const { ShardIterator } = await this.call('GetShardIterator', context, () => this.client.send(command));
    if (ShardIterator === undefined)
      throw new TidemarkError('INVALID_ANSWER', 'GetShardIterator gave no iterator', { context });
    return ShardIterator;
  }

  getRecords(stream: StreamHandle, iterator: string, limit: number, signal?: AbortSignal): Promise<Page> {
    const { StreamARN } = this.named(stream);
    const input = { StreamARN, ShardIterator: iterator, Limit: limit };
    return this.call('GetRecords', contextOf(stream), () => getPage(this.pages, input, this.wire, signal));
  }

  private named({ streamName, streamArn }: StreamHandle): { StreamName?: string; StreamARN?: string } {
    return streamArn !== undefined && this.useStreamArn ? { StreamARN: streamArn } : { StreamName: streamName };
  }

  private async call<T>(
    operation: string,
    context: Record<string, string | undefined>,
    send: () => Promise<T>,
  ): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw translateAwsError(error, { service: 'Kinesis', operation, context });
    }
  }
}

function contextOf({ streamName }: StreamHandle): { stream: string } {
  return { stream: streamName };
}

function positionContext(start: IteratorStart): { sequenceNumber?: string; startTime?: string } {
  if ('sequenceNumber' in start) return { sequenceNumber: start.sequenceNumber };
  return 'timestampMs' in start ? { startTime: new Date(start.timestampMs).toISOString() } : {};
}

function iteratorParameters(start: IteratorStart): Pick<
  GetShardIteratorCommandInput,
  'Timestamp' | 'StartingSequenceNumber'
> & {
  ShardIteratorType: IteratorStart['type'];
} {
  switch (start.type) {
    case 'TRIM_HORIZON':
      return { ShardIteratorType: start.type };
    case 'AT_TIMESTAMP':
      return { ShardIteratorType: start.type, Timestamp: new Date(start.timestampMs) };
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER':
      return { ShardIteratorType: start.type, StartingSequenceNumber: start.sequenceNumber };
  }
}

/** `Date` header of a raw HTTP answer, epoch milliseconds; NaN where there is none. */
function dateHeaderMs(response: unknown): number {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return Number.NaN;
  const { date } = response.headers as Record<string, string | undefined>;
  return date === undefined ? Number.NaN : Date.parse(date);
}
