/** Performances of replays beside a live consumer: over a split, with a record that fails. */
import { ReplaysClient } from '../../src/client/replays-client';
import { taskQueueFor } from '../../src/core/names';
import { timingOf } from '../../src/core/timing';
import type { BatchHandler } from '../../src';
import { startReplayWorkflow } from '../../src/temporal/start-workflows';
import { historyOf, onStage, type Performance, type Recorded, type Studio } from './scenarios';
import { Stage } from './stage';

const JANE = { by: 'jane', reason: 'bug in 1.4' };
const FROM = { at: 'TRIM_HORIZON' } as const;

/** The first record of each batch can never succeed. */
const rejecting: BatchHandler = ({ records }) => ({
  failures: records.slice(0, 1).map((record) => ({ record, reason: new Error('planted'), retryable: false })),
});

async function openSplit(name: string, studio: Studio): Promise<Stage> {
  const stage = await Stage.open(name, studio);
  await stage.put(5);
  await stage.split();
  await stage.put(5);
  await stage.startWorker(rejecting);
  return stage;
}

const playReplay = async (studio: Studio): Promise<Recorded> =>
  onStage(await openSplit('replay', studio), async (stage) => {
    const replays = new ReplaysClient(studio.temporal);
    const handle = await replays.start(stage.definition(), { ...JANE, from: FROM, id: 'replay' });
    await handle.result();
    return { replay: await historyOf(stage, studio.temporal.workflow.getHandle(handle.workflowId)) };
  });

const playReplayContinuing = async (studio: Studio): Promise<Recorded> =>
  onStage(await openSplit('replay-continuing', studio), async (stage) => {
    const definition = stage.definition();
    const { stream, range, span } = await new ReplaysClient(studio.temporal).preview(definition, { from: FROM });
    const started = await startReplayWorkflow(studio.temporal, {
      taskQueue: taskQueueFor(stream),
      input: {
        ...JANE,
        id: 'continuing',
        stream,
        range,
        span,
        dryRun: true,
        onFailure: 'continue',
        startedAtMs: Date.now(),
        timing: timingOf(definition.options),
        searchAttributes: true,
        parallel: 1,
        maxHistoryEvents: 12,
      },
    });
    await studio.temporal.workflow.getHandle(started.workflowId).result();
    return { 'replay-continue-as-new-run-1': await historyOf(stage, started, started.firstExecutionRunId) };
  });

export const replayPerformances: readonly Performance[] = [
  { scenarios: ['replay'], play: playReplay },
  { scenarios: ['replay-continue-as-new-run-1'], play: playReplayContinuing },
];
