import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CACHE, findProgram } from './support/prometheus';

const ROOT = path.resolve(__dirname, '../../..');

jest.setTimeout(180_000);

function promtool(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(findProgram('promtool'), args, { cwd: ROOT, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

it('the alert rules are sound', () => {
  expect(promtool('check', 'rules', 'ops/prometheus/alerts.yml')).toMatchObject({
    status: 0,
    output: expect.stringContaining('SUCCESS'),
  });
});

it('the alert rules ring when they should, and only then', () => {
  expect(promtool('test', 'rules', 'ops/prometheus/alerts.test.yml')).toMatchObject({
    status: 0,
    output: expect.stringContaining('SUCCESS'),
  });
});

it('a rule that says the opposite is found out', () => {
  const folder = path.join(CACHE, 'mutant');
  mkdirSync(folder, { recursive: true });
  const rules = readFileSync(path.join(ROOT, 'ops/prometheus/alerts.yml'), 'utf8');
  const tests = readFileSync(path.join(ROOT, 'ops/prometheus/alerts.test.yml'), 'utf8');
  try {
    for (const [from, to] of [
      ['retention_used > 0.5', 'retention_used > 0.7'],
      [' unless (tidemark:shard_owned == 1)', ''],
      ['max_over_time(tidemark_worker_running[1d])', 'tidemark_worker_running'],
      [' unless tidemark_data_loss_total offset 1h', ''],
      ['(tidemark_oldest_unhandled_seconds) > 900', '(tidemark_oldest_unhandled_seconds) < 900'],
    ] as const) {
      expect(rules).toContain(from);
      writeFileSync(path.join(folder, 'alerts.yml'), rules.replace(from, to));
      writeFileSync(path.join(folder, 'alerts.test.yml'), tests);
      const { status } = promtool('test', 'rules', path.join(folder, 'alerts.test.yml'));
      expect({ from, status }).toEqual({ from, status: 1 });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
