import type { ShardIdentity } from '../../../src/core/names';
import { ShardPicture } from '../../../src/metrics/shard-picture';
import { reportLiveness, reportReadiness, type HealthReport } from '../../../src/worker/health-report';
import { startHealthServer } from '../../../src/worker/health-server';
import { parseHostPort } from '../../../src/worker/host-port';
import { metricsExporter } from '../../../src/worker/telemetry';

const WORKER = { consumer: 'delays', stream: 'flights', state: 'RUNNING', polls: true };
const T = 1_000_000;

function picture(shardId: string): ShardPicture {
  const shard: ShardIdentity = { consumer: 'delays', streamName: 'flights', streamArn: 'arn', createdAtMs: 1, shardId };
  return new ShardPicture(shard, T);
}

describe('readiness', () => {
  it('needs every worker at work, and Temporal', () => {
    expect(reportReadiness([WORKER], 'reachable')).toMatchObject({ isOk: true, body: { status: 'ready' } });
    const draining = { ...WORKER, consumer: 'sums', state: 'DRAINING', polls: false };
    const deaf = { ...WORKER, polls: false };
    expect(reportReadiness([deaf, draining], 'unreachable')).toMatchObject({
      isOk: false,
      body: {
        status: 'unready',
        reasons: [
          'the worker of delays on flights polls nothing',
          'the worker of sums on flights is DRAINING',
          'Temporal does not answer',
        ],
      },
    });
  });
});

describe('liveness', () => {
  it('fails once a shard that knows of records has made no progress for the set time', () => {
    const stuck = picture('a');
    const fine = picture('b');
    stuck.read({ shard: stuck.shard, records: 0, millisBehindLatest: 5_000 }, T);
    fine.read({ shard: fine.shard, records: 0, millisBehindLatest: 0 }, T);
    const at = (ms: number): HealthReport => reportLiveness([fine, stuck], { nowMs: T + ms, stuckAfterMs: 300_000 });
    expect(at(299_999)).toMatchObject({ isOk: true, body: { status: 'ok', runningShards: 2, stuckShards: 0 } });
    expect(at(300_000)).toMatchObject({
      isOk: false,
      body: { status: 'stuck', reasons: ['delays/flights/a has made no progress for 300 s'], stuckShards: 1 },
    });
  });
});

describe('the server', () => {
  it('answers probes with a status and a reason', async () => {
    let isOk = true;
    const report = (name: string): HealthReport => ({ isOk, body: { name } });
    const server = await startHealthServer('127.0.0.1:0');
    const get = async (path: string): Promise<unknown[]> => {
      const answer = await fetch(`${server.url}${path}`);
      return [answer.status, ((await answer.json()) as { name?: string }).name];
    };
    expect([(await get('/livez'))[0], (await get('/readyz'))[0]]).toEqual([200, 503]);
    server.use({ livez: () => report('livez'), readyz: async () => report('readyz') });
    expect([await get('/livez'), await get('/readyz?verbose')]).toEqual([
      [200, 'livez'],
      [200, 'readyz'],
    ]);
    isOk = false;
    expect([await get('/livez'), await get('/readyz'), await get('/')]).toEqual([
      [503, 'livez'],
      [503, 'readyz'],
      [404, undefined],
    ]);
    const taken = startHealthServer(new URL(server.url).host);
    await expect(taken).rejects.toThrow(/Cannot listen on `health` address 127\.0\.0\.1:\d+ \(EADDRINUSE\)/);
    await server.close();
  });
});

describe('an address', () => {
  it.each([
    ['9464', { host: '127.0.0.1', port: 9464 }],
    ['0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
    ['[::1]:80', { host: '[::1]', port: 80 }],
    ['worker-1:0', { host: 'worker-1', port: 0 }],
  ])('%s is understood', (text, expected) => {
    expect(parseHostPort(text, 'health')).toEqual(expected);
  });

  it.each(['', 'consumer.ts', '127.0.0.1', '127.0.0.1:65536', '::1:80', ':80', 'http://a:80'])(
    '%j is refused',
    (text) => {
      expect(() => parseHostPort(text, 'health')).toThrow('Expected `health` to be host:port');
    },
  );
});

describe('the exporter', () => {
  it('is for Prometheus or for a collector', () => {
    expect(metricsExporter({})).toBeUndefined();
    expect(metricsExporter({ prometheus: '9464' })).toMatchObject({ prometheus: { bindAddress: '127.0.0.1:9464' } });
    expect(metricsExporter({ otlp: 'http://collector:4317' })).toMatchObject({ otel: { http: false } });
    expect(metricsExporter({ otlp: 'http://collector:4318/v1/metrics' })).toMatchObject({ otel: { http: true } });
    expect(() => metricsExporter({ otlp: 'collector' })).toThrow('Expected `metrics.otlp` to be a URL');
    expect(() => metricsExporter({ otlp: 'http://c:1', prometheus: '1' })).toThrow('not to both');
  });
});
