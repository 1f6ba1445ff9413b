import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  type StreamDescriptionSummary,
} from '@aws-sdk/client-kinesis';
import { translateAwsError } from '../aws/translate-error';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { AwsKinesis } from '../kinesis/aws-kinesis';
import type { ClockReading } from './clock';
import { ok, skipped, wrong, type Finding, type Probe } from './finding';
import { once } from './run-probes';

const USABLE: readonly (string | undefined)[] = ['ACTIVE', 'UPDATING'];

/** The stream, and each permission on it: one record of one shard is read and dropped. */
export function streamProbes(
  { options }: ConsumerDefinition,
  client: KinesisClient,
  describe: () => Promise<StreamDescriptionSummary>,
): Probe[] {
  const kinesis = new AwsKinesis(client);
  const shards = once(() => kinesis.listShards(options));
  const iterator = once(async () => {
    const [first] = await shards();
    if (first === undefined) return undefined;
    return kinesis.getShardIterator(options, first.shardId, { type: 'TRIM_HORIZON' });
  });
  const probe = (name: string, look: () => Promise<Finding>): Probe => ({ name, consumer: options.name, look });
  const after = async <T>(
    what: () => Promise<T>,
    name: string,
    look: (value: T) => Promise<Finding>,
  ): Promise<Finding> => {
    const value = await what().then(
      (found) => ({ found }),
      () => undefined,
    );
    return value ? look(value.found) : skipped(`needs ${name}`);
  };
  return [
    probe('stream', async () => lookAtStream(await describe())),
    probe('kinesis:ListShards', async () => ok(`allowed; ${(await shards()).length} shards`)),
    probe('kinesis:GetShardIterator', () =>
      after(shards, 'kinesis:ListShards', async () =>
        (await iterator()) === undefined ? skipped('the stream has no shard') : ok('allowed'),
      ),
    ),
    probe('kinesis:GetRecords', () =>
      after(iterator, 'kinesis:GetShardIterator', async (found) => {
        if (found === undefined) return skipped('the stream has no shard');
        await kinesis.getRecords(options, found, 1);
        return ok('allowed');
      }),
    ),
  ];
}

function lookAtStream({
  StreamStatus: status,
  EncryptionType,
  OpenShardCount,
  StreamARN,
}: StreamDescriptionSummary): Finding {
  const encryption = EncryptionType === 'KMS' ? 'encrypted with KMS' : 'not encrypted at rest';
  const what = `${StreamARN} is ${status}, ${OpenShardCount ?? '?'} open shards, ${encryption}`;
  return USABLE.includes(status) ? ok(what) : wrong(what, 'Wait until it is ACTIVE, or create it again.');
}

/** Describes the stream, and notes what time Kinesis has. */
export async function describeStream(
  client: KinesisClient,
  { options }: ConsumerDefinition,
  note: (reading: ClockReading) => void,
): Promise<StreamDescriptionSummary> {
  const { streamName, streamArn } = options;
  const command = new DescribeStreamSummaryCommand(
    streamArn === undefined ? { StreamName: streamName } : { StreamARN: streamArn },
  );
  const reading = { server: 'Kinesis', sentMs: Date.now() };
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      note({ ...reading, receivedMs: Date.now(), ...serverTime(result.response) });
      return result;
    },
    { step: 'deserialize', name: 'tidemarkDoctorClock' },
  );
  try {
    const { StreamDescriptionSummary: summary } = await client.send(command);
    return summary as StreamDescriptionSummary;
  } catch (error) {
    throw translateAwsError(error, {
      service: 'Kinesis',
      operation: 'DescribeStreamSummary',
      context: { stream: streamName },
    });
  }
}

/** The `Date` header of an answer. */
export function serverTime(response: unknown): Pick<ClockReading, 'serverMs'> {
  const headers = (response as { headers?: Record<string, string | undefined> } | undefined)?.headers;
  const serverMs = Date.parse(headers?.date ?? '');
  return Number.isNaN(serverMs) ? {} : { serverMs };
}
