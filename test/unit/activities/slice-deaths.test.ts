import { eventually } from '../../support/eventually';
import { SliceScene, type RunningSlice } from './support/slice-scene';

const LONG = 60_000;

let scene: SliceScene;
/** Payloads on which the process dies. */
let deadly: string[] = [];

beforeEach(async () => {
  scene = await SliceScene.open({ maxBatchRecords: 8, historyIntervalMs: LONG });
  deadly = [];
  // A process that has died answers no more: its handler never settles.
  scene.handler = ({ records }) =>
    records.some((record) => deadly.includes(record.text())) ? new Promise<void>(() => undefined) : undefined;
});

/** Executions that died still hang in this process. */
const dead: RunningSlice[] = [];

afterEach(async () => {
  for (const slice of dead.splice(0)) {
    slice.cancel({ timedOut: true });
    await slice.done.catch(() => undefined);
  }
  await scene.close();
});

/** Slices and their attempts, each in a process of its own, until all is committed. Returns how many were killed by their batch. */
async function surviveDeaths(last: string): Promise<number> {
  let deaths = 0;
  let attempt = 1;
  for (let executions = 0; executions < 60 && !isCommitted(last); executions += 1) {
    const batches = scene.handled.length;
    scene.deploy(scene.options);
    const slice = attempt === 1 ? scene.begin() : scene.attempt({ attempt });
    const dies = eventually(() => scene.handled.slice(batches).some(isDeadly) || isCommitted(last), { intervalMs: 2 });
    const ended = await Promise.race([slice.done.then(() => true), dies.then(() => false)]);
    if (!ended && isCommitted(last)) slice.cancel({ cancelRequested: true });
    if (ended || isCommitted(last)) {
      await scene.end(slice);
      attempt = 1;
    } else {
      dead.push(slice);
      deaths += 1;
      attempt += 1;
    }
  }
  expect(isCommitted(last)).toBe(true);
  return deaths;
}

function isDeadly(batch: readonly string[]): boolean {
  return batch.some((text) => deadly.includes(text));
}

function isCommitted(sequenceNumber: string): boolean {
  const row = [...scene.store.rows.values()][0];
  return row?.position.at === 'AFTER' && row.position.sequenceNumber === sequenceNumber;
}

const last = (): string => scene.sequenceNumbers().at(-1) ?? '';

describe('a record that kills the process', () => {
  it('is found by cutting, dies twice alone, and is set aside; the others are handled once more at most', async () => {
    deadly = ['f'];
    scene.put(...'abcdefgh');
    const deaths = await surviveDeaths(last());
    // Two of the batch, then halves: "abcd" lives, "ef" dies, "e" lives, "f" dies twice.
    expect(deaths).toBe(5);
    expect(await scene.deadLetters()).toMatchObject([
      { text: 'f', condition: 'HandlerDied', errors: [{ code: 'HANDLER_DIED' }] },
    ]);
    expect(scene.handled.map((batch) => batch.join(''))).toEqual([
      ...['abcdefgh', 'abcdefgh', 'abcd', 'ef', 'e', 'f', 'f', 'gh'],
    ]);
  });

  it('tells of the deaths in the events of the slice', async () => {
    deadly = ['b'];
    scene.put('a', 'b');
    await surviveDeaths(last());
    const kinds = scene.state.recentEvents?.map(({ kind }) => kind);
    expect(kinds).toEqual(['claimed', 'died', 'cut', 'claimed', 'died', 'deadLettered']);
  });

  it('is marked in the row before it is tried again, and the commit removes the mark', async () => {
    deadly = ['a'];
    scene.put('a', 'b');
    dead.push(scene.begin());
    await eventually(() => scene.handled.length === 1);
    expect(scene.store.rowOf(scene.shard).trial).toBeUndefined();
    scene.deploy(scene.options);
    dead.push(scene.attempt({ attempt: 2 }));
    await eventually(() => scene.handled.length === 2);
    expect(scene.store.rowOf(scene.shard).trial).toMatchObject({ attempt: 2, streak: { records: 2, deaths: 1 } });
    deadly = [];
    scene.deploy(scene.options);
    await scene.end(scene.attempt({ attempt: 3 }));
    expect(scene.store.rowOf(scene.shard).trial).toMatchObject({ isRunning: false, streak: { records: 1 } });
    scene.deploy({ ...scene.options, historyIntervalMs: 0 });
    await scene.run();
    expect(isCommitted(last())).toBe(true);
    expect(scene.store.rowOf(scene.shard).trial).toBeUndefined();
    expect(await scene.deadLetters()).toEqual([]);
  });

  it('is not suspected for deaths without a batch: they cost one mark', async () => {
    scene.put('a', 'b');
    await scene.run({ attempt: 9 });
    expect(isCommitted(last())).toBe(true);
    expect(await scene.deadLetters()).toEqual([]);
    expect(scene.store.writes).toHaveLength(3);
  });
});

describe('a mark', () => {
  it('of an attempt that ended by itself counts nothing', async () => {
    scene.put('a');
    scene.handler = () => {
      throw new Error('no');
    };
    await scene.fail(scene.begin({ attempt: 2 }));
    expect(scene.store.rowOf(scene.shard).trial).toBeDefined();
    scene.deploy(scene.options);
    const failure = await scene.fail(scene.begin({ attempt: 2 }));
    expect(failure.streak).toMatchObject({ failures: 2, deaths: 0 });
    expect(failure.events.map(({ kind }) => kind)).toEqual(['claimed', 'retry']);
  });
});
