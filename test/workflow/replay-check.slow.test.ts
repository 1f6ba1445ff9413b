import { execFile } from 'node:child_process';
import path from 'node:path';
import { stackEnv } from '../support/stack-env';
import { useWorkflowEnv } from '../support/workflow-env';
import { play, resultOf } from './scene';
import { commits, endsShard } from './scripted-shard';

const openLab = useWorkflowEnv();
const PROJECT = path.resolve(__dirname, '../..');

interface Outcome {
  readonly exitCode: number;
  readonly output: string;
}

/** The command `npm run replay:check` without npm. */
function check(...args: string[]): Promise<Outcome> {
  const env = { ...process.env, TEMPORAL_ADDRESS: stackEnv().temporalAddress };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', 'dev/replay/check.ts', ...args],
      { cwd: PROJECT, env },
      (error, stdout, stderr) => {
        resolve({ exitCode: error ? Number(error.code) : 0, output: stdout + stderr });
      },
    );
  });
}

describe('npm run replay:check', () => {
  it('replays one run of a workflow', async () => {
    const { handle } = await play(openLab(), [commits(1), endsShard]);
    await resultOf(handle);
    const { runId } = await handle.describe();
    const { exitCode, output } = await check(handle.workflowId, '--run-id', runId);
    expect(output).toMatch(/^run [0-9a-f-]+ of workflow tidemark\/.* replays: \d+ events\n$/);
    expect(exitCode).toBe(0);
  });

  it('fails on a history of other code', async () => {
    const lab = openLab();
    await lab.startWorker({}, { workflowBundle: undefined, workflowsPath: require.resolve('./fixtures/other-code') });
    const handle = await lab.startShard();
    await handle.result();
    const { exitCode, output } = await check(handle.workflowId);
    expect(output).toContain(
      `workflow ${handle.workflowId} does not replay against this code: DeterminismViolationError`,
    );
    expect(exitCode).toBe(1);
  });

  it('says so when there is no such workflow, and when none is named', async () => {
    const [missing, none] = await Promise.all([check('tidemark/nobody/nothing'), check()]);
    expect(missing.exitCode).toBe(1);
    expect(missing.output).toMatch(/^Temporal at .* has no workflow tidemark\/nobody\/nothing in namespace default\n$/);
    expect(none).toEqual({ exitCode: 1, output: 'usage: npm run replay:check -- <workflow id> [--run-id <run id>]\n' });
  });
});
