import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { pageProbe } from '../../../dev/stack/probes';
import { launch, type LaunchPlan } from '../../../dev/stack/server';

const cacheDir = mkdtempSync(path.join(os.tmpdir(), 'tidemark-launch-'));
afterAll(() => rmSync(cacheDir, { recursive: true }));

const SERVE = `require('node:http').createServer((q, r) => r.end('ok')).listen(PORT, '127.0.0.1')`;
const TAKEN = `console.error('Error: listen EADDRINUSE'); process.exit(1)`;

function plan(scripts: string[], portsSeen: number[] = []): LaunchPlan {
  return {
    name: 'temporal',
    origin: 'path',
    portCount: 1,
    fixedPorts: [],
    addressOf: String,
    commandLine: ([port = 0]) => {
      portsSeen.push(port);
      const script = scripts.length > 1 ? scripts.shift() : scripts[0];
      return { command: process.execPath, args: ['-e', (script ?? '').replace('PORT', String(port))] };
    },
    probe: ([port]) => pageProbe(`http://127.0.0.1:${port}/`),
  };
}

describe('launching a server', () => {
  it('takes another port when someone else was quicker', async () => {
    const ports: number[] = [];
    const server = await launch(plan([TAKEN, SERVE], ports), { cacheDir });
    expect(ports).toHaveLength(2);
    expect(server.port).toBe(ports[1]);
    await server.stop();
    await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow();
  });

  it('gives up after three taken ports', async () => {
    const ports: number[] = [];
    await expect(launch(plan([TAKEN], ports), { cacheDir })).rejects.toThrow('EADDRINUSE');
    expect(ports).toHaveLength(3);
  });

  it('reports a death with the tail of the log, without another try', async () => {
    const ports: number[] = [];
    const attempt = launch(plan([`console.log('bad setting'); process.exit(7)`], ports), { cacheDir });
    await expect(attempt).rejects.toThrow(
      /temporal did not start: exit code 7, and its log .* ends with\n {4}bad setting/,
    );
    expect(ports).toHaveLength(1);
  });

  it('reports silence, and ends the silent server', async () => {
    const script = `console.log('pid ' + process.pid); setInterval(() => {}, 1000)`;
    const error = await launch(plan([script]), { cacheDir, startTimeoutMs: 600 }).catch(String);
    expect(error).toContain('no answer within 600 ms: fetch failed (connect ECONNREFUSED');
    const pid = Number(/pid (\d+)/.exec(error as string)?.[1]);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('kills a server that ignores SIGTERM', async () => {
    const server = await launch(plan([`process.on('SIGTERM', () => {}); ${SERVE}`]), { cacheDir });
    await server.stop();
    expect(() => process.kill(server.pid ?? 0, 0)).toThrow('ESRCH');
  });

  it('says so when the command cannot be run', async () => {
    const broken = { ...plan([SERVE]), commandLine: () => ({ command: '/no/such/server', args: [] }) };
    await expect(launch(broken, { cacheDir })).rejects.toThrow('cannot run /no/such/server');
  });
});
