import { NEVER, readTexts, ReaderScene, SHARD, textsOf } from './shard-reader-scene';

let scene: ReaderScene;

beforeEach(async () => {
  scene = await ReaderScene.open();
});

afterEach(() => scene.close());

function recreate(): void {
  scene.server.deleteStream('flights');
  scene.server.createStream('flights', 1);
}

const ofTheNewStream = { type: 'AT_TIMESTAMP', timestampMs: 1_000 } as const;

describe('a stream that is no more', () => {
  it('was deleted before the first read', async () => {
    scene.server.deleteStream('flights');
    await expect(scene.reader().read(NEVER)).rejects.toMatchObject({ code: 'STREAM_DELETED' });
    expect(scene.waitsMs).toEqual([]);
  });

  it('was deleted while it was read', async () => {
    scene.put('a');
    const reader = scene.reader();
    await reader.read(NEVER);
    scene.server.deleteStream('flights');
    await expect(reader.read(NEVER)).rejects.toMatchObject({
      code: 'STREAM_DELETED',
      context: { stream: 'flights', createdAt: new Date(scene.stream.createdAtMs).toISOString() },
    });
  });

  it('is being deleted', async () => {
    scene.server.setStreamStatus('flights', 'DELETING');
    await expect(scene.reader().read(NEVER)).rejects.toMatchObject({ code: 'STREAM_DELETED' });
  });

  it.each([[{ type: 'TRIM_HORIZON' } as const], [ofTheNewStream]])(
    'was created anew: no record of the new one is returned from %j',
    async (start) => {
      recreate();
      scene.put('of the new stream');
      await expect(scene.reader({ start }).read(NEVER)).rejects.toMatchObject({ code: 'STREAM_RECREATED' });
      expect(scene.server.requests.count('GetRecords')).toBe(0);
    },
  );

  it('was created anew: its sequence number is refused, and the reason named', async () => {
    scene.put('a');
    const [record] = scene.server.records('flights', SHARD);
    recreate();
    const start = { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: record?.sequenceNumber ?? '' } as const;
    await expect(scene.reader({ start }).read(NEVER)).rejects.toMatchObject({ code: 'STREAM_RECREATED' });
  });

  it('was created anew under a live iterator, which Kinesis refuses', async () => {
    scene.put('a');
    const reader = scene.reader();
    await reader.read(NEVER);
    recreate();
    scene.put('of the new stream');
    await expect(reader.read(NEVER)).rejects.toMatchObject({ code: 'STREAM_RECREATED' });
  });

  it('was created anew between the iterator and the first page', async () => {
    const recreated = scene.server.faults.add({
      operation: 'DescribeStreamSummary',
      times: 1,
      action: {
        rewrite: (answer) => {
          recreate();
          scene.put('of the new stream');
          return answer;
        },
      },
    });
    await expect(scene.reader().read(NEVER)).rejects.toMatchObject({ code: 'STREAM_RECREATED' });
    expect(recreated.hits).toBe(1);
  });
});

describe('a shard that Kinesis does not know', () => {
  it('has aged out of a stream that is there: never an end', async () => {
    const reader = scene.reader();
    await reader.read(NEVER);
    scene.server.removeShard('flights', SHARD);
    await expect(reader.read(NEVER)).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND', context: { shard: SHARD } });
  });

  it('is there after all: reading goes on after the last record', async () => {
    scene.put('a');
    const reader = scene.reader();
    expect(textsOf(await reader.read(NEVER))).toEqual(['a']);
    scene.put('b');
    const missing = scene.server.faults.add({
      operation: 'GetRecords',
      times: 2,
      action: { error: 'ResourceNotFoundException' },
    });
    const alsoMissing = scene.server.faults.add({
      operation: 'GetShardIterator',
      times: 2,
      action: { error: 'ResourceNotFoundException' },
    });
    expect(await readTexts(reader, 1)).toEqual(['b']);
    expect([missing.hits, alsoMissing.hits]).toEqual([2, 2]);
    // The poll interval at the tip, then one back-off for each refusal.
    expect(scene.waitsMs).toHaveLength(1 + 4);
    expect(scene.troubles.at(-1)).toBe('ok');
  });

  it('is looked for again when the reason cannot be asked for', async () => {
    scene.put('a');
    const faults = [
      scene.server.faults.add({ operation: 'GetRecords', times: 4, action: { error: 'ResourceNotFoundException' } }),
      scene.server.faults.add({ operation: 'ListShards', times: 1, action: { error: 'LimitExceededException' } }),
      scene.server.faults.add({ operation: 'ListShards', times: 1, action: { error: 'ResourceNotFoundException' } }),
      scene.server.faults.add({ operation: 'ListShards', times: 1, action: { dropRequest: true } }),
    ];
    expect(await readTexts(scene.reader(), 1)).toEqual(['a']);
    expect(faults.map(({ hits }) => hits)).toEqual([4, 1, 1, 1]);
  });
});

describe('a sequence number that Kinesis refuses', () => {
  const start = { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: '12345' } as const;

  it('of the very stream is given up on: an operator must look', async () => {
    await expect(scene.reader({ start }).read(NEVER)).rejects.toMatchObject({ code: 'INVALID_SEQUENCE_NUMBER' });
    expect(scene.server.requests.count('GetRecords')).toBe(0);
  });

  it('is asked about again until the stream has been looked at', async () => {
    const outage = scene.server.faults.add({
      operation: 'DescribeStreamSummary',
      times: 3,
      action: { dropRequest: true },
    });
    await expect(scene.reader({ start }).read(NEVER)).rejects.toMatchObject({ code: 'INVALID_SEQUENCE_NUMBER' });
    expect(outage.hits).toBe(3);
    expect(scene.waitsMs).toHaveLength(3);
  });
});
