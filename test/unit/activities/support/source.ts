import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { createSubscriptionClient } from '../../../../src/aws/clients';
import { resolveFanOut } from '../../../../src/core/fan-out-options';
import { AwsFanOut } from '../../../../src/kinesis/aws-fan-out';
import { FanOut } from '../../../../src/kinesis/fan-out';

/** Whether the scenes of this test file read by enhanced fan-out: those in `fan-out/` run the tests beside them so. */
export const IS_FAN_OUT = process.env.TIDEMARK_TEST_SOURCE === 'fanOut';

export function localFanOut(client: KinesisClient, kinesisEndpoint: string): FanOut {
  const options = resolveFanOut({}, 'delays', []);
  if (!options) throw new Error('fan-out is off');
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const http2 = createSubscriptionClient({ region: 'us-east-1', credentials, kinesisEndpoint });
  return new FanOut(new AwsFanOut(client, http2), options, { closePort: () => http2.destroy() });
}
