import { ServiceError } from '@temporalio/client';
import { askShard } from '../../../src/client/ask-shard';
import { StubClient } from './stub-client';

const ID = 'tidemark/delays/flights@1700000000000/shardId-000000000000';
const STATUS = { shardId: 'shardId-000000000000', phase: 'READING' };
const DEADLINE_EXCEEDED = 4;
const FAILED_PRECONDITION = 9;

/** As Temporal's client tells of what the server has answered a query with. */
function refused(code: number): ServiceError {
  const cause = Object.assign(new Error('from the server'), { code, details: '', metadata: {} });
  return new ServiceError('Failed to query Workflow', { cause });
}

/** Gives the answers one after the other, and the last one from then on. */
function shard(...answers: readonly unknown[]): StubClient {
  let asked = 0;
  const query = (): unknown => answers[Math.min(asked++, answers.length - 1)];
  return new StubClient({ [ID]: { query } });
}

const inMs = (ms: number): number => Date.now() + ms;
const timesAsked = ({ calls }: StubClient): number => calls.length;

it('waits for a worker that is being replaced: Temporal itself gives a query up after seconds', async () => {
  const stub = shard(refused(DEADLINE_EXCEEDED), refused(DEADLINE_EXCEEDED), STATUS);
  await expect(askShard(stub.client, ID, inMs(60_000))).resolves.toBe(STATUS);
  expect(timesAsked(stub)).toBe(3);
});

it('says NO_WORKER once the time is over, asked in vain', async () => {
  const deadline = inMs(700);
  const stub = shard(refused(DEADLINE_EXCEEDED));
  const asking = askShard(stub.client, ID, deadline);
  await expect(asking).rejects.toMatchObject({ code: 'NO_WORKER', context: { workflow: ID } });
  expect(timesAsked(stub)).toBeGreaterThan(1);
  expect(new Set(stub.deadlines)).toEqual(new Set([deadline]));
});

it('says NO_WORKER at once where Temporal knows that nobody polls', async () => {
  const stub = shard(refused(FAILED_PRECONDITION), STATUS);
  await expect(askShard(stub.client, ID, inMs(60_000))).rejects.toMatchObject({ code: 'NO_WORKER' });
  expect(timesAsked(stub)).toBe(1);
});

it('tells nothing of a shard that has ended', async () => {
  await expect(askShard(new StubClient().client, ID, inMs(60_000))).resolves.toBeUndefined();
});

it('hands on what else goes wrong', async () => {
  const failure = refused(16);
  await expect(askShard(shard(failure).client, ID, inMs(60_000))).rejects.toBe(failure);
});
