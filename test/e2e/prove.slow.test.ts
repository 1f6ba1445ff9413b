import { readdirSync, rmSync } from 'node:fs';
import { resultOf, runProof, type ProofOutcome } from '../support/prove-process';

const TIMEOUT_MS = 120_000;
const DRILL_TIMEOUT_MS = 400_000;

const prove = (args: readonly string[]): Promise<ProofOutcome> => runProof('crash', args, TIMEOUT_MS);

describe('npm run prove -- crash', () => {
  it.each(['polling', 'fan-out'])(
    'loses, repeats and reorders nothing under kills and a reshard, reading by %s',
    async (source) => {
      const load = ['--records', '400', '--shards', '2', '--kills', '2', '--reshards', '1', '--step-ms', '4000'];
      const outcome = await prove([...load, '--workers', '2', '--seed', '3', '--source', source]);
      const { code, stderr } = outcome;
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('journals and logs: ') });
      expect(resultOf(outcome)).toEqual({
        records: 400,
        handled: 400,
        lost: 0,
        orderInversions: 0,
        duplicates: expect.any(Number),
        duplicatesPerKill: expect.any(Number),
        kills: 2,
        commitsRefused: expect.any(Number),
        resumeMsP50: expect.any(Number),
        resumeMsP99: expect.any(Number),
        seed: 3,
      });
    },
    TIMEOUT_MS,
  );

  it(
    'finds a planted bug: a handler that forgets a record',
    async () => {
      const load = ['--records', '200', '--shards', '1', '--kills', '0', '--reshards', '0', '--step-ms', '3000'];
      const { code, stdout, stderr } = await prove([...load, '--workers', '2', '--bug', 'skipRecord']);
      expect(code).toBe(1);
      expect(stdout).toMatch(/^VIOLATIONS/m);
      expect(stdout).toMatch(/^ +I1 +record r\d+ .* was never handled$/m);
      // What was found can be looked at.
      const folder = /^journals and logs: (.+)$/m.exec(stderr)?.[1] ?? '';
      expect(readdirSync(folder)).toEqual(expect.arrayContaining(['logs', 'runner.jsonl', 'w1.jsonl', 'w2.jsonl']));
      rmSync(folder, { recursive: true });
    },
    TIMEOUT_MS,
  );
});

describe('npm run prove -- restore-drill', () => {
  const drill = (args: readonly string[]): Promise<ProofOutcome> => runProof('restore-drill', args, DRILL_TIMEOUT_MS);
  const load = ['--records-per-round', '60', '--shards', '2'];

  it(
    'finds everything as it was after each loss, from each source',
    async () => {
      const outcome = await drill([...load, '--kills', '2', '--seed', '5']);
      const { code, stderr } = outcome;
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('journals and logs: ') });
      const figures: unknown = expect.objectContaining({
        rounds: expect.any(Number),
        maxRecoverMs: expect.any(Number),
      });
      const sources = ['running', 'repair', 'rows', 'export', 'restorePoint', 'history'];
      const result = resultOf(outcome);
      // What each round puts before the loss; and what it puts until everything is restored.
      expect((result as { records: number }).records).toBeGreaterThanOrEqual(10 * 0.6 * 60);
      expect(result).toMatchObject({
        lost: 0,
        kills: 2,
        rounds: 10,
        sources: Object.fromEntries(sources.map((source) => [source, figures])),
        violations: {},
        seed: 5,
      });
    },
    DRILL_TIMEOUT_MS,
  );

  it(
    'finds a planted bug: an export that says that everything was committed',
    async () => {
      const { code, stdout, stderr } = await drill([...load, '--kills', '0', '--bug', 'badExport', '--seed', '5']);
      expect(code).toBe(1);
      expect(stdout).toMatch(/^ +RESTORED +round \d+: lose .* restore from export: shardId-\d+ stands/m);
      const folder = /^journals and logs: (.+)$/m.exec(stderr)?.[1] ?? '';
      rmSync(folder, { recursive: true });
    },
    DRILL_TIMEOUT_MS,
  );
});
