import { askShard } from '../../../src/client/ask-shard';
import { refusedByTemporal, StubClient } from './stub-client';

const ID = 'tidemark/delays/flights@1700000000000/shardId-000000000000';
const STATUS = { shardId: 'shardId-000000000000', phase: 'READING' };
const START_MS = 1_000_000;
const DEADLINE_MS = START_MS + 60_000;

const tooLate = refusedByTemporal(4, 'query timed out before a worker could process it');
/** What Temporal's client says itself when the time is over. */
const cutOff = refusedByTemporal(4, 'Deadline exceeded after 8.750s');
const nobodyPolls = refusedByTemporal(9, 'no poller seen for task queue recently, worker may be down');
const tasksFail = refusedByTemporal(9, 'Unable to query workflow due to\n\u001B[2JWorkflow Task in failed state.');
const bufferFull = refusedByTemporal(8, 'consistent query buffer is full');

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

const ask = ({ client }: StubClient, deadline = DEADLINE_MS) => askShard(client, ID, deadline);

it('waits for a worker that is being replaced, and while others ask', async () => {
  const stub = shard(tooLate, nobodyPolls, bufferFull, tooLate, STATUS);
  await expect(ask(stub)).resolves.toBe(STATUS);
  expect(stub.calls).toHaveLength(5);
});

it.each([
  ['nothing more where no worker came', [tooLate], 'No worker tells how the shard stands [workflow='],
  ['that nobody polls', [nobodyPolls, cutOff], 'stands (no poller seen for task queue recently, worker may be down) ['],
  [
    'that its tasks fail',
    [tooLate, tasksFail, cutOff],
    'stands (Unable to query workflow due to [2JWorkflow Task in failed state.) [',
  ],
])('says NO_WORKER once the time is over, and %s', async (_, answers, message) => {
  const stub = shard(...answers);
  await expect(ask(stub)).rejects.toMatchObject({
    code: 'NO_WORKER',
    message: expect.stringContaining(message) as string,
    context: { workflow: ID },
  });
  expect(stub.calls).toHaveLength(6);
  expect(new Set(stub.deadlines)).toEqual(new Set([DEADLINE_MS]));
});

it('hands on that others ask too much, once the time is over', async () => {
  await expect(ask(shard(bufferFull))).rejects.toBe(bufferFull);
});

it('asks once where the time is no number', async () => {
  const stub = shard(tooLate);
  await expect(ask(stub, Number.NaN)).rejects.toMatchObject({ code: 'NO_WORKER' });
  expect(stub.calls).toHaveLength(1);
});

it('tells nothing of a shard that Temporal does not know', async () => {
  await expect(ask(new StubClient())).resolves.toBeUndefined();
});

it.each([refusedByTemporal(16, 'no access'), new Error('of the codec')])('hands on at once: %s', async (failure) => {
  const stub = shard(failure);
  await expect(ask(stub)).rejects.toBe(failure);
  expect(stub.calls).toHaveLength(1);
});
