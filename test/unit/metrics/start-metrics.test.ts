import { ShardPictures } from '../../../src/metrics/shard-pictures';
import { startMetrics } from '../../../src/metrics/start-metrics';
import { eventually } from '../../support/eventually';
import { SliceScene } from '../activities/support/slice-scene';
import { NotedMeter } from './support/noted-meter';

const CONSUMERS = [{ consumer: 'delays', streamName: 'flights' }];
const PLACE = '{consumer=delays,stream=flights}';

it('says whether the worker runs, and how many shards are parked as far as Temporal tells', async () => {
  const noted = new NotedMeter();
  const pictures = new ShardPictures(CONSUMERS);
  let isRunning = true;
  const world = { meter: noted.meter, consumers: CONSUMERS, pictures, shardLabel: true, isRunning: () => isRunning };
  const metrics = startMetrics({ ...world, countParked: async () => 2 });
  expect(noted.gauges.get(`tidemark_worker_running${PLACE}`)).toBe(1);
  await eventually(() => noted.gauges.get(`tidemark_parked_shards${PLACE}`) === 2);
  isRunning = false;
  metrics.stop();
  expect(noted.gauges.get(`tidemark_worker_running${PLACE}`)).toBe(0);

  const unknown = startMetrics({ ...world, countParked: () => Promise.reject(new Error('no search attributes')) });
  await eventually(() => Number.isNaN(noted.gauges.get(`tidemark_parked_shards${PLACE}`)));
  unknown.stop();
  pictures.close();
});

describe('what activities tell of a shard', () => {
  let scene: SliceScene;
  let pictures: ShardPictures;

  async function open(options: Parameters<typeof SliceScene.open>[0]): Promise<void> {
    scene = await SliceScene.open(options);
    pictures = new ShardPictures(CONSUMERS, () => scene.server.now());
  }

  afterEach(async () => {
    pictures.close();
    await scene.close();
  });

  it('makes a picture of it: at the tip, with its retention', async () => {
    await open({});
    scene.put('a', 'b');
    await scene.run();
    const [picture] = [...pictures.all()];
    expect(picture?.holdAt(scene.server.now())).toBe('waiting');
    expect(picture?.oldestMsAt(scene.server.now())).toBe(0);
    expect(picture?.retentionMs).toBe(24 * 3_600_000);
  });

  it('says that it waits to be tried again, then that it is parked', async () => {
    await open({ onFailure: { maxAttempts: 2, minBackoffMs: 50_000, then: 'park', jitter: 0 } });
    scene.handler = () => {
      throw new Error('no');
    };
    scene.put('a');
    await scene.fail(scene.begin());
    const [picture] = [...pictures.all()];
    expect(picture?.holdAt(scene.server.now() + 55_000)).toBe('waiting');
    expect(picture?.oldestMsAt(scene.server.now() + 55_000)).toBeGreaterThanOrEqual(55_000);
    await scene.fail(scene.begin());
    expect(picture?.holdAt(scene.server.now() + 1e9)).toBe('parked');
  });
});
