import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { AwsFanOut } from '../kinesis/aws-fan-out';
import type { FanOutPort } from '../kinesis/fan-out-port';
import { ok, skipped, warning, wrong, type Finding, type Probe } from './finding';

/** The stream consumer of enhanced fan-out, where it is on. Nothing is subscribed to: that would take a shard's subscription from a worker. */
export function fanOutProbes(
  { options }: ConsumerDefinition,
  client: KinesisClient,
  streamArn: () => Promise<string | undefined>,
): Probe[] {
  const { fanOut, name } = options;
  if (!fanOut) return [];
  const look = async (): Promise<Finding> => {
    const arn = await streamArn();
    if (arn === undefined) return skipped('needs the stream');
    return lookAtStreamConsumer(new AwsFanOut(client, client), { ...fanOut, streamArn: arn });
  };
  return [{ name: 'stream consumer', consumer: name, look }];
}

export interface FanOutQuestion {
  readonly streamArn: string;
  readonly consumerName: string;
  readonly consumerArn?: string;
  readonly lifecycle: 'managed' | 'existing';
  readonly whenGone: 'poll' | 'wait';
}

export async function lookAtStreamConsumer(port: FanOutPort, question: FanOutQuestion): Promise<Finding> {
  const { streamArn, consumerName, consumerArn, lifecycle, whenGone } = question;
  const found = await port.findConsumer({ streamArn, consumerName, ...(consumerArn ? { consumerArn } : {}) });
  if (found?.status === 'ACTIVE') return ok(`${found.arn} is ACTIVE`);
  if (found) return warning(`${found.arn} is ${found.status}`, 'Look again in a minute.');
  if (lifecycle === 'managed')
    return ok(`${consumerName} is not registered yet: the first worker that reads registers it`);
  const what = `there is no stream consumer ${consumerArn ?? consumerName}`;
  const hint = "Register it (`aws kinesis register-stream-consumer`), or let Tidemark do it: `lifecycle: 'managed'`.";
  return whenGone === 'poll' ? warning(`${what}: shards are polled`, hint) : wrong(`${what}: shards wait`, hint);
}
