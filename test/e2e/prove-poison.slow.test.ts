import { readdirSync, rmSync } from 'node:fs';
import { resultOf, runProof } from '../support/prove-process';

const TIMEOUT_MS = 120_000;
const LOAD = ['--records', '200', '--shards', '1', '--poisons', '2', '--kinds', 'rejects,badSchema', '--workers', '1'];

describe('npm run prove -- poison', () => {
  it(
    'finds a planted bug, a log line that quotes a record, and nothing else',
    async () => {
      const outcome = await runProof('poison', [...LOAD, '--isolation', 'inline', '--bug', 'leak'], TIMEOUT_MS);
      const { code, stdout, stderr } = outcome;
      const found = { records: 200, letters: 2, handled: 198, lost: 0, orderInversions: 0, leaks: 1 };
      expect({ code, stderr, result: resultOf(outcome) }).toMatchObject({
        code: 1,
        result: { ...found, violations: { LEAKS: 1 } },
      });
      expect(stdout).toMatch(/^ +LEAKS +record data was found in the log of w1$/m);
      const folder = /^journals and logs: (.+)$/m.exec(stderr)?.[1] ?? '';
      expect(readdirSync(folder)).toEqual(expect.arrayContaining(['runner.lines', 'w1-0.lines', 'workers']));
      rmSync(folder, { recursive: true });
    },
    TIMEOUT_MS,
  );
});
