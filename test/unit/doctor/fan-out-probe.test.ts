import { createKinesisClient } from '../../../src/aws/clients';
import { fanOutProbes, lookAtStreamConsumer } from '../../../src/doctor/fan-out-probe';
import { defineConsumer } from '../../../src/handler/define-consumer';
import { AwsFanOut } from '../../../src/kinesis/aws-fan-out';
import { startScriptedKinesis, type ScriptedKinesis } from '../../support/scripted-kinesis';

let server: ScriptedKinesis;
let arn: string;
beforeEach(async () => {
  server = await startScriptedKinesis();
  arn = server.createStream('flights', 1).arn;
});
afterEach(() => server.close());

function client() {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return createKinesisClient({ region: 'us-east-1', credentials, kinesisEndpoint: server.endpoint });
}

function look(lifecycle: 'managed' | 'existing', whenGone: 'poll' | 'wait' = 'poll') {
  const port = new AwsFanOut(client(), client());
  return lookAtStreamConsumer(port, { streamArn: arn, consumerName: 'delays', lifecycle, whenGone });
}

it('finds a stream consumer that is active, and one that is not yet', async () => {
  server.consumers.initialStatus = 'CREATING';
  const consumer = server.consumers.findByArn(server.registerConsumer('flights', 'delays'));
  expect(await look('existing')).toMatchObject({ state: 'warning', what: `${consumer.arn} is CREATING` });
  consumer.status = 'ACTIVE';
  expect(await look('existing')).toMatchObject({ state: 'ok', what: `${consumer.arn} is ACTIVE` });
});

it('says what a missing one means', async () => {
  expect(await look('managed')).toMatchObject({ state: 'ok', what: expect.stringContaining('registers it') });
  expect(await look('existing')).toMatchObject({ state: 'warning', what: expect.stringContaining('polled') });
  expect(await look('existing', 'wait')).toMatchObject({ state: 'wrong', what: expect.stringContaining('wait') });
});

it('looks only where fan-out is on, subscribes to nothing, and registers nothing', async () => {
  const options = { name: 'delays', stream: 'flights', startFrom: 'LATEST', handler: () => undefined } as const;
  expect(fanOutProbes(defineConsumer(options), client(), async () => arn)).toEqual([]);
  const [probe] = fanOutProbes(defineConsumer({ ...options, fanOut: {} }), client(), async () => arn);
  expect(await probe?.look()).toMatchObject({ state: 'ok' });
  expect(server.requests.total).toBe(1);
  const [blind] = fanOutProbes(defineConsumer({ ...options, fanOut: {} }), client(), async () => undefined);
  expect(await blind?.look()).toMatchObject({ state: 'skipped' });
});
