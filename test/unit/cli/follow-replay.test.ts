import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replayWorkerOptions } from '../../../src/cli/follow-replay';

it('a worker for a replay has the payload codecs, and the task queue of the replay', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-codec-'));
  try {
    const codec = join(folder, 'codec.cjs');
    writeFileSync(codec, 'exports.payloadCodecs = { encode: async (p) => p, decode: async (p) => p };');
    const options = await replayWorkerOptions({ ownTaskQueue: 'of-the-replay' }, { codec, namespace: 'n' });
    expect(options).toMatchObject({ taskQueue: 'of-the-replay', temporal: { namespace: 'n' } });
    expect(options.temporal).toHaveProperty('payloadCodecs.length', 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
