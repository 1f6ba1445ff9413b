import type { CheckpointWrite } from '../../../src/checkpoints/checkpoint-store';
import { Committer, type ExecutionEnvironment } from '../../../src/checkpoints/committer';
import { MemoryCheckpointStore } from '../../../src/checkpoints/memory-store';
import type { CommitFacts, Writer } from '../../../src/core/checkpoint';
import { initialBelief, type Belief } from '../../../src/core/commit-protocol';
import { TidemarkError } from '../../../src/core/errors';
import { checkpointKey } from '../../../src/core/names';
import { TRIM_HORIZON, type Position } from '../../../src/core/positions';
import { FACTS, PARENTS, SHARD, WORKFLOW_ID } from '../../support/protocol/fixture';

const writer: Writer = { runId: 'run-1', activityId: '1', activitySeq: 1, attempt: 1 };
const after = (sequenceNumber: string): Position => ({ at: 'AFTER', sequenceNumber });
const key = checkpointKey(SHARD).pk;
const lost = (): TidemarkError => new TidemarkError('DYNAMODB_UNAVAILABLE', 'No answer');

/** A store whose next answers are replaced: a function runs instead of the real write. */
class ScriptedStore extends MemoryCheckpointStore {
  readonly sent: CheckpointWrite[] = [];
  readonly script: ((write: () => Promise<unknown>) => Promise<never>)[] = [];

  override async write(write: CheckpointWrite) {
    this.sent.push(write);
    const trouble = this.script.shift();
    return trouble ? trouble(() => super.write(write)) : super.write(write);
  }
}

const throws = (error: Error) => () => {
  throw error;
};
const losesRequest = (): Promise<never> => Promise.reject(lost());
const losesReply = async (write: () => Promise<unknown>): Promise<never> => {
  await write();
  throw lost();
};

function setUp(me: Partial<Writer> = {}, more: Partial<ExecutionEnvironment> = {}, store = new ScriptedStore()) {
  let tokens = 0;
  const slept: number[] = [];
  const environment: ExecutionEnvironment = {
    store,
    mintToken: () => `${me.runId ?? 'run-1'}/${me.attempt ?? 1}/token-${++tokens}`,
    random: () => 0,
    sleep: async (ms) => void slept.push(ms),
    assertOwner: () => undefined,
    ...more,
  };
  const identity = { shard: SHARD, writer: { ...writer, ...me }, workflowId: WORKFLOW_ID, parentShardIds: PARENTS };
  return { store, slept, committer: new Committer(environment, identity), row: () => store.rows.get(key) };
}

const trusted = (token: string): Belief => ({
  ...initialBelief(TRIM_HORIZON),
  token,
  tokenRunId: 'run-1',
  needClaim: false,
});

describe('acquiring', () => {
  it('creates the row of a new shard, whole', async () => {
    const { committer, row } = setUp();
    const acquired = await committer.acquire(initialBelief(TRIM_HORIZON), FACTS);
    expect(acquired).toMatchObject({
      kind: 'owned',
      claimed: { adopted: 'created', previousToken: null },
      facts: FACTS,
    });
    const token = committer.current?.token;
    expect(row()).toEqual({
      position: TRIM_HORIZON,
      generation: 0,
      token,
      revision: 1,
      writer,
      workflowId: WORKFLOW_ID,
      parentShardIds: PARENTS,
      fence: 1,
      ...FACTS,
    });
  });

  it('trusts the token of its input without asking the store', async () => {
    const { committer, store } = setUp();
    expect(await committer.acquire({ ...trusted('t'), rewindId: 'r' }, FACTS)).toMatchObject({
      kind: 'owned',
      checkpoint: { token: 't', rewindId: 'r' },
    });
    expect(store.sent).toEqual([]);
  });

  it.each<[string, Partial<Writer>, Partial<Belief>]>([
    ['a retry', { attempt: 2 }, {}],
    ['a reset run (hole C9)', { runId: 'run-2' }, {}],
    ['a belief that needs a claim', {}, { needClaim: true }],
    ['a belief without a token', {}, { token: undefined }],
  ])('claims for %s', async (_, me, belief) => {
    const { committer, store } = setUp(me);
    await committer.acquire({ ...trusted('t'), ...belief }, FACTS);
    expect(store.sent).toHaveLength(1);
  });

  it('adopts a row that is ahead, with its facts, and moves up one that is behind', async () => {
    const { committer, store } = setUp();
    await committer.acquire(initialBelief(TRIM_HORIZON), FACTS);
    await committer.commit(after('10'), { ...FACTS, totals: { records: 5, bytes: 5, batches: 1 } });
    const behind = await setUp({ attempt: 2 }, {}, store).committer.acquire({ ...initialBelief(after('9')) }, FACTS);
    expect(behind).toMatchObject({
      claimed: { adopted: 'row' },
      checkpoint: { position: after('10') },
      facts: { totals: { records: 5 } },
    });
    const facts: CommitFacts = { ...FACTS, totals: { records: 6, bytes: 6, batches: 2 } };
    const ahead = await setUp({ attempt: 3 }, {}, store).committer.acquire(initialBelief(after('11')), facts);
    expect(ahead).toMatchObject({ claimed: { adopted: 'input' }, checkpoint: { position: after('11') }, facts });
  });

  it('gives way to a later attempt of its own run without a write', async () => {
    const { committer, store } = setUp({ attempt: 2 });
    await committer.acquire(initialBelief(TRIM_HORIZON), FACTS);
    const stale = setUp({ attempt: 1 }, {}, store);
    expect(await stale.committer.acquire(initialBelief(TRIM_HORIZON), FACTS)).toEqual({ kind: 'fenced' });
    expect(store.sent).toHaveLength(1);
  });

  it('reads again with a new token when another writer moved in between', async () => {
    const { committer, store } = setUp();
    const other = setUp({ runId: 'run-0' }, {}, store).committer;
    store.script.push(async (write) => {
      await other.acquire(initialBelief(after('3')), FACTS);
      await write();
      throw lost();
    });
    expect(await committer.acquire(initialBelief(TRIM_HORIZON), FACTS)).toMatchObject({
      claimed: { adopted: 'row', previousToken: 'run-0/1/token-1' },
      checkpoint: { position: after('3') },
    });
    const tokens = store.sent.filter(({ writer: { runId } }) => runId === 'run-1').map(({ next }) => next.token);
    expect(tokens).toEqual(['run-1/1/token-1', 'run-1/1/token-1', 'run-1/1/token-2']);
  });

  it('checks its own deadline before each round', async () => {
    const expired = new TidemarkError('OWNERSHIP_EXPIRED', 'Frozen');
    const { committer, store } = setUp({}, { assertOwner: throws(expired) });
    await expect(committer.acquire(initialBelief(TRIM_HORIZON), FACTS)).rejects.toBe(expired);
    expect(store.sent).toEqual([]);
  });

  it('happens once: an execution that was fenced never claims again (hole C1)', async () => {
    const { committer, store } = setUp();
    await committer.acquire(initialBelief(TRIM_HORIZON), FACTS);
    await setUp({ attempt: 2 }, {}, store).committer.acquire(initialBelief(TRIM_HORIZON), FACTS);
    expect(await committer.commit(after('1'), FACTS)).toBe('fenced');
    await expect(committer.acquire(initialBelief(TRIM_HORIZON), FACTS)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('a commit', () => {
  const acquired = async (more?: Partial<ExecutionEnvironment>) => {
    const world = setUp({}, more);
    await world.committer.acquire(initialBelief(TRIM_HORIZON), FACTS);
    world.store.sent.length = 0;
    return world;
  };

  it('moves the position and mints a token, and leaves the generation alone', async () => {
    const { committer, row } = await acquired();
    const { token } = committer.current ?? {};
    expect(await committer.commit(after('1'), FACTS)).toBe('committed');
    expect(row()).toMatchObject({ position: after('1'), generation: 0, revision: 2 });
    expect(row()?.token).not.toBe(token);
    expect(committer.current).toEqual({ position: after('1'), generation: 0, token: row()?.token, fence: 1 });
  });

  it.each([
    ['its request is lost', losesRequest],
    ['its reply is lost (case 53)', losesReply],
  ])('is sent again, the same bytes, when %s, and counts as done', async (_, trouble) => {
    const { committer, store, slept, row } = await acquired();
    store.script.push(trouble, trouble, trouble);
    expect(await committer.commit(after('1'), FACTS)).toBe('committed');
    expect(store.sent).toHaveLength(4);
    expect(new Set(store.sent.map((write) => JSON.stringify(write))).size).toBe(1);
    expect(slept).toEqual([10, 20, 40]);
    expect(row()).toMatchObject({ revision: 2, token: committer.current?.token });
  });

  it('is fenced when the row is gone: it never creates one (case 58)', async () => {
    const { committer, store, row } = await acquired();
    store.rows.clear();
    expect(await committer.commit(after('1'), FACTS)).toBe('fenced');
    expect(row()).toBeUndefined();
  });

  it('does not move the state in memory when it is refused (case 54)', async () => {
    const { committer, store } = await acquired();
    const before = committer.current;
    await setUp({ attempt: 2 }, {}, store).committer.acquire(initialBelief(TRIM_HORIZON), FACTS);
    expect(await committer.commit(after('1'), FACTS)).toBe('fenced');
    expect(committer.current).toEqual(before);
    await expect(committer.commit(after('1'), FACTS)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('that is undecided at the deadline fails, and no other write leaves after it', async () => {
    const deadline = new TidemarkError('OWNERSHIP_EXPIRED', 'Too late');
    const { committer, store } = await acquired({ sleep: () => Promise.reject(deadline) });
    store.script.push(losesRequest);
    await expect(committer.commit(after('1'), FACTS)).rejects.toBe(deadline);
    await expect(committer.commit(after('1'), FACTS)).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(committer.acquire(initialBelief(TRIM_HORIZON), FACTS)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(store.sent).toHaveLength(1);
  });

  it('does not leave while another one is under way', async () => {
    const { committer, store } = await acquired();
    const first = committer.commit(after('1'), FACTS);
    await expect(committer.commit(after('2'), FACTS)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await first).toBe('committed');
    expect(store.sent).toHaveLength(1);
  });

  it.each<[string, Error]>([
    ['an error that time does not cure', new TidemarkError('ACCESS_DENIED', 'No')],
    ['a foreign error', new Error('defect')],
  ])('is not repeated after %s', async (_, error) => {
    const { committer, store, slept } = await acquired();
    store.script.push(() => Promise.reject(error));
    await expect(committer.commit(after('1'), FACTS)).rejects.toBe(error);
    expect(slept).toEqual([]);
  });

  it('tells of each call that failed', async () => {
    const troubles: string[] = [];
    const { committer, store } = await acquired({ onTrouble: ({ code }) => troubles.push(code) });
    store.script.push(losesRequest, losesReply);
    await committer.commit(after('1'), FACTS);
    expect(troubles).toEqual(['DYNAMODB_UNAVAILABLE', 'DYNAMODB_UNAVAILABLE']);
  });

  it('is refused before the checkpoint was acquired', async () => {
    await expect(setUp().committer.commit(after('1'), FACTS)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('a commit with effects', () => {
  const effects = [{ Put: { TableName: 'sink', Item: { pk: { S: 'a' } } } }];
  const refusal = { kind: 'effectsRefused', code: 'EFFECT_REFUSED', message: 'no' } as const;

  async function owned() {
    const scene = setUp();
    await scene.committer.acquire(initialBelief(TRIM_HORIZON), FACTS);
    return scene;
  }

  it('writes both or neither', async () => {
    const { committer, store, row } = await owned();
    store.applyEffects = () => refusal;
    expect(await committer.commit(after('1'), FACTS, effects)).toEqual(refusal);
    expect(row()?.position).toEqual(TRIM_HORIZON);
    store.applyEffects = (written) => {
      store.effects.push(...written);
      return undefined;
    };
    expect(await committer.commit(after('1'), FACTS, effects)).toBe('committed');
    expect(store.effects).toEqual(effects);
  });

  it('is the same write when it is sent again, and applied once when its reply was lost', async () => {
    const { committer, store } = await owned();
    store.script.push(losesReply);
    expect(await committer.commit(after('1'), FACTS, effects)).toBe('committed');
    expect(store.effects).toEqual(effects);
    expect(store.sent.at(-1)).toEqual(store.sent.at(-2));
  });

  it('is undecided when it is refused after an unanswered copy: no other write may leave', async () => {
    const { committer, store } = await owned();
    store.applyEffects = () => refusal;
    store.script.push(losesRequest);
    await expect(committer.commit(after('1'), FACTS, effects)).rejects.toMatchObject({ code: 'CHECKPOINT_UNDECIDED' });
    await expect(committer.commit(after('1'), FACTS)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('the fence', () => {
  it('grows with every claim and stays between them, and follows the clock', async () => {
    const store = new ScriptedStore();
    const first = setUp({}, { nowMs: () => 1_000 }, store);
    await first.committer.acquire(initialBelief(TRIM_HORIZON), FACTS);
    expect(first.committer.current?.fence).toBe(1_000);
    await first.committer.commit(after('1'), FACTS);
    expect(first.committer.current?.fence).toBe(1_000);
    const second = setUp({ attempt: 2 }, { nowMs: () => 900 }, store);
    await second.committer.acquire(initialBelief(TRIM_HORIZON), FACTS);
    expect(second.committer.current?.fence).toBe(1_001);
  });
});
