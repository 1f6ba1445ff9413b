import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

import type { NamedFinding } from '../../src/doctor/finding';
import { CliScene } from '../support/cli/scene';

jest.setTimeout(180_000);

let scene: CliScene;

beforeAll(async () => {
  scene = await CliScene.create();
  scene.kinesis.createStream(scene.stream, 2);
});
afterAll(() => scene.close());

function statesOf(stdout: string): Record<string, string> {
  const { findings } = JSON.parse(stdout) as { findings: NamedFinding[] };
  return Object.fromEntries(findings.map(({ name, state }) => [name, state]));
}

it('the doctor looks at everything, changes nothing, and says what is wrong', async () => {
  const file = scene.consumer('delays');
  const ill = await scene.run(['doctor', file]);
  expect(ill).toMatchObject({ code: 1, stderr: '' });
  expect(ill.stdout).toMatch(/^ok +Temporal +server \d+\.\d+\.\d+ at 127\.0\.0\.1:\d+, namespace default$/m);
  expect(ill.stdout).toMatch(/^WRONG +table +TABLE_NOT_FOUND: .*npx tidemark table create/m);
  expect(ill.stdout).toMatch(/^warning +workers +nobody polls task queue tidemark\/delays/m);
  expect(ill.stdout).not.toContain('canary');

  await scene.run(['table', 'create', '--table', scene.table]);
  const well = await scene.run(['doctor', file, '--json']);
  expect({ code: well.code, states: statesOf(well.stdout) }).toEqual({
    code: 0,
    states: {
      'Node.js': 'ok',
      'consumer file': 'ok',
      Temporal: 'ok',
      'search attributes': 'ok',
      workers: 'warning',
      'AWS credentials': 'ok',
      stream: 'ok',
      'kinesis:ListShards': 'ok',
      'kinesis:GetShardIterator': 'ok',
      'kinesis:GetRecords': 'ok',
      table: 'ok',
      'dynamodb:GetItem': 'ok',
      'dynamodb:BatchGetItem': 'ok',
      'dynamodb:Query': 'ok',
      'dynamodb:PutItem': 'ok',
      'dynamodb:UpdateItem': 'ok',
      'table protection': 'ok',
      retention: 'ok',
      clock: 'ok',
    },
  });
});

it('what is denied, hangs or cannot be loaded is reported, in bounded time', async () => {
  const sockets: Socket[] = [];
  const mute = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  scene.kinesis.faults.add({ operation: 'GetShardIterator', action: { error: 'AccessDeniedException' } });
  try {
    const address = `127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const [hanging, broken] = await Promise.all([
      scene.run(['doctor', scene.consumer('delays'), '--address', address, '--json']),
      scene.run(['doctor', scene.file('broken.ts', 'export default 5;')]),
    ]);
    expect(hanging.code).toBe(1);
    expect(statesOf(hanging.stdout)).toMatchObject({
      Temporal: 'wrong',
      stream: 'ok',
      'kinesis:GetShardIterator': 'wrong',
      'kinesis:GetRecords': 'skipped',
    });
    expect(hanging.stdout).toContain('kinesis:GetShardIterator');
    expect(broken).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^WRONG +consumer file +INVALID_CONSUMER_FILE: /m),
    });
  } finally {
    scene.kinesis.faults.clear();
    for (const socket of sockets) socket.destroy();
    mute.close();
  }
});
