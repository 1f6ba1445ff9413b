import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startEndpoints, type Endpoints } from '../../../../src/cli/supervisor/endpoints';
import { reportAllLive, reportAnyReady, type ProbedProcess } from '../../../../src/cli/supervisor/process-health';
import { processCount } from '../../../../src/cli/supervisor/processes-option';
import { Slot, type SlotState } from '../../../../src/cli/supervisor/slot';
import { listenOn } from '../../../../src/worker/listen';
import { scrape } from '../../../support/prometheus-text';

const fine = { isOk: true, reasons: [] };
const stuck = { isOk: false, reasons: ['c/s/shard has made no progress for 301 s'] };

function at(state: SlotState, more: Partial<ProbedProcess> = {}): ProbedProcess {
  return { process: 1, state, forMs: 5_000, ...more };
}

describe('all processes', () => {
  it.each<[string, ProbedProcess, string[]]>([
    ['works', at('working', { answer: fine }), []],
    ['has ended and starts again', at('waiting', { forMs: 30_000 }), []],
    ['starts', at('starting', { forMs: 120_000 }), []],
    ['starts for ever', at('starting', { forMs: 121_000 }), ['process 1 has been starting for 121 s']],
    ['is stuck', at('working', { answer: stuck }), ['process 1: c/s/shard has made no progress for 301 s']],
    ['does not answer', at('working'), ['process 1 does not answer']],
    ['has ended in a stop', at('ended'), []],
  ])('are live if one of them %s: %#', (_, process, reasons) => {
    const { isOk, body } = reportAllLive([at('working', { process: 2, answer: fine }), process]);
    expect({ isOk, reasons: body.reasons }).toEqual({ isOk: reasons.length === 0, reasons });
  });

  it('are ready if one takes work, and not while they stop', () => {
    const one = [at('waiting'), at('working', { process: 2, answer: fine })];
    expect(reportAnyReady(one, false)).toEqual({
      isOk: true,
      body: {
        status: 'ready',
        reasons: ['process 1 is waiting'],
        processes: [
          { process: 1, state: 'waiting' },
          { process: 2, state: 'working', isOk: true },
        ],
      },
    });
    expect(reportAnyReady(one, true)).toMatchObject({ isOk: false, body: { reasons: ['the processes stop'] } });
    const none = [at('starting'), at('working', { process: 2, answer: { isOk: false, reasons: [] } })];
    expect(reportAnyReady(none, false)).toMatchObject({
      isOk: false,
      body: { status: 'unready', reasons: ['process 1 is starting', 'process 2: it does not say why'] },
    });
  });
});

describe('the endpoints', () => {
  const servers: Server[] = [];
  let endpoints: Endpoints | undefined;

  afterEach(async () => {
    jest.restoreAllMocks();
    await endpoints?.close();
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  async function processThatSays(metrics: string | undefined, isReady: boolean): Promise<string> {
    const server = createServer((request, response) => {
      if (request.url === '/metrics') {
        // Undefined: it never answers.
        if (metrics !== undefined) response.end(metrics);
      } else response.writeHead(isReady ? 200 : 503).end('{"reasons":["busy"]}');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function slot(number: number, state: SlotState, url?: string): Slot {
    const made = new Slot(number, () => 0, Math.random);
    made.enter(state);
    if (url !== undefined) made.addresses = { metricsUrl: `${url}/metrics`, healthUrl: url };
    return made;
  }

  it('answer for all processes, with what those say that answer in time', async () => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    jest.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => timeout(ms / 10));
    const urls = [await processThatSays('a 1\n', true), await processThatSays(undefined, false)];
    const slots = [slot(1, 'working', urls[0]), slot(2, 'working', urls[1]), slot(3, 'waiting')];
    const asked = { slots, isStopping: false };
    endpoints = await startEndpoints(asked, { metrics: '127.0.0.1:0', health: '127.0.0.1:0' });
    const series = await scrape(endpoints.metricsUrl ?? '');
    const up = series.filter(({ name }) => name === 'tidemark_process_up').map(({ value }) => value);
    expect(up).toEqual([1, 0, 0]);
    expect(series.filter(({ name }) => name === 'a')).toEqual([{ name: 'a', labels: { process: '1' }, value: 1 }]);
    expect((await fetch(`${new URL(endpoints.metricsUrl ?? '').origin}/other`)).status).toBe(404);
    const health = async (path: string): Promise<unknown[]> => {
      const answer = await fetch(`${endpoints?.healthUrl}${path}`);
      return [answer.status, ((await answer.json()) as { reasons: unknown }).reasons];
    };
    expect(await health('/livez')).toEqual([503, ['process 2: busy']]);
    expect(await health('/readyz')).toEqual([200, ['process 2: busy', 'process 3 is waiting']]);
    asked.isStopping = true;
    expect(await health('/readyz')).toEqual([503, ['the processes stop']]);
  });

  it('say which address is taken, and leave nothing behind', async () => {
    const taken = createServer();
    servers.push(taken);
    const { url } = await listenOn(taken, '127.0.0.1:0', 'metrics');
    const { host } = new URL(url);
    const none = { slots: [], isStopping: false };
    await expect(startEndpoints(none, { metrics: '127.0.0.1:0', health: host })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    await expect(startEndpoints(none, { metrics: host })).rejects.toThrow(
      `Cannot listen on \`metrics\` address ${host} (EADDRINUSE)`,
    );
  });
});

describe('the number of processes', () => {
  it('is a number, or that of the cores', () => {
    expect([processCount('1'), processCount('256')]).toEqual([1, 256]);
    expect(processCount('auto')).toBeGreaterThanOrEqual(1);
    for (const text of ['0', '-1', '257', '1.5', 'many', '']) expect(() => processCount(text)).toThrow('Expected auto');
  });
});
