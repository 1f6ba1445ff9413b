import { ServiceError } from '@temporalio/client';
import { askShard } from '../../../src/client/ask-shard';
import { StubClient } from './stub-client';

const ID = 'tidemark/delays/flights@1700000000000/shardId-000000000000';
const STATUS = { shardId: 'shardId-000000000000', phase: 'READING' };
const START_MS = 1_000_000;
const DEADLINE_MS = START_MS + 60_000;

const tooLate = refused(4, 'query timed out before a worker could process it');
const nobodyPolls = refused(9, 'no poller seen for task queue recently, worker may be down');
const notYetScheduled = refused(9, 'Unable to query workflow: workflow task is not scheduled yet.');
const bufferFull = refused(8, 'consistent query buffer is full');

/** As Temporal's client tells of what the server has answered a query with. */
function refused(code: number, details: string): ServiceError {
  const cause = Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} });
  return new ServiceError('Failed to query Workflow', { cause });
}

let nowMs: number;

beforeEach(() => {
  nowMs = START_MS;
  jest.spyOn(Date, 'now').mockImplementation(() => nowMs);
});
afterEach(() => jest.restoreAllMocks());

/** Gives the answers one after the other, and the last one from then on; each takes ten seconds, as with Temporal. */
function shard(...answers: readonly unknown[]): StubClient {
  let asked = 0;
  const query = (): unknown => {
    nowMs += 10_000;
    return answers[Math.min(asked++, answers.length - 1)];
  };
  return new StubClient({ [ID]: { query } });
}

it('waits for a worker that is being replaced, and while others ask', async () => {
  const stub = shard(tooLate, nobodyPolls, notYetScheduled, bufferFull, STATUS);
  await expect(askShard(stub.client, ID, DEADLINE_MS)).resolves.toBe(STATUS);
  expect(stub.calls).toHaveLength(5);
});

it.each([tooLate, nobodyPolls])('says NO_WORKER and what Temporal said once the time is over: %s', async (refusal) => {
  const stub = shard(refusal);
  const { details } = refusal.cause as unknown as { details: string };
  await expect(askShard(stub.client, ID, DEADLINE_MS)).rejects.toMatchObject({
    code: 'NO_WORKER',
    message: expect.stringContaining(`No worker tells how the shard stands (${details})`) as string,
    context: { workflow: ID },
  });
  expect(stub.calls).toHaveLength(6);
  expect(new Set(stub.deadlines)).toEqual(new Set([DEADLINE_MS]));
});

it('tells nothing of a shard that Temporal does not know', async () => {
  await expect(askShard(new StubClient().client, ID, DEADLINE_MS)).resolves.toBeUndefined();
});

it('hands on what else goes wrong, at once', async () => {
  const failure = refused(16, 'no access');
  await expect(askShard(shard(failure).client, ID, DEADLINE_MS)).rejects.toBe(failure);
});
