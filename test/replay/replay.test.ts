import { DeterminismViolationError } from '@temporalio/workflow';
import { version } from '../../package.json';
import { CANARIES } from '../../dev/replay/canaries';
import { fileOf, listHistoryFiles, readHistory } from '../../dev/replay/history-files';
import { replayAll } from '../../dev/replay/replay';
import { scenarioNames } from '../../dev/replay/scenario-names';
import { containsText } from '../../dev/replay/scrub';

interface Event {
  readonly eventType: string;
  readonly activityTaskScheduledEventAttributes?: { activityType: { name: string } };
  readonly workflowExecutionStartedEventAttributes?: { workflowType: { name: string } };
}

interface History {
  events: Event[];
}

const files = listHistoryFiles();
const read = (file: string): History => readHistory(file) as History;
const busy = (): History => read(fileOf(version, 'busy'));

/** The history as if an event had never been: those after it move up, with all references to them. */
function without(history: History, eventType: string): History {
  const removed = history.events.findIndex((event) => event.eventType === eventType) + 1;
  if (removed === 0) throw new Error(`no ${eventType} in this history`);
  const events = history.events.filter((_, index) => index !== removed - 1);
  const moveUp = (key: string, value: unknown): unknown =>
    /eventId$/i.test(key) && Number(value) > removed ? String(Number(value) - 1) : value;
  return { events: JSON.parse(JSON.stringify(events, moveUp)) as Event[] };
}

/** Why a history is rejected. */
async function rejection(history: History): Promise<unknown> {
  const [failure] = await replayAll([{ workflowId: 'tampered', history }]);
  return failure?.error;
}

describe('recorded histories', () => {
  it('exist for every scenario of this release, and every file belongs to a scenario', () => {
    const ofThisRelease = files.filter(({ release }) => release === version).map(({ scenario }) => scenario);
    expect(ofThisRelease.sort()).toEqual([...scenarioNames].sort());
    const known = new Set<string>(scenarioNames);
    expect(files.filter(({ scenario }) => !known.has(scenario))).toEqual([]);
  });

  it('of every release replay against today’s workflow code', async () => {
    const histories = files.map(({ file, release, scenario }) => ({
      workflowId: `${release} ${scenario}`,
      history: readHistory(file),
    }));
    expect(await replayAll(histories)).toEqual([]);
  });

  it('contain nothing of the records', () => {
    const leaks = files.filter(({ file }) => CANARIES.some((canary) => containsText(readHistory(file), canary)));
    expect(leaks).toEqual([]);
  });

  it('would be found out if they did, in plain or inside a payload', () => {
    const data = Buffer.from(JSON.stringify({ message: `${CANARIES[0]}-17` })).toString('base64');
    expect(containsText({ events: [{ payloads: [{ data }] }] }, CANARIES[0])).toBe(true);
    expect(containsText({ events: [{ message: `cannot handle ${CANARIES[1]}` }] }, CANARIES[1])).toBe(true);
    expect(containsText({ events: [{ payloads: [{ data }] }] }, CANARIES[1])).toBe(false);
  });

  it.each([
    ['idle', 'ACTIVITY_TASK_COMPLETED'],
    ['busy', 'UPSERT_WORKFLOW_SEARCH_ATTRIBUTES'],
    ['stopped', 'WORKFLOW_EXECUTION_UPDATE_COMPLETED'],
    ['stopped-while-retrying', 'WORKFLOW_EXECUTION_UPDATE_COMPLETED'],
    ['cancelled', 'WORKFLOW_EXECUTION_CANCELED'],
    ['shard-end', 'EXTERNAL_WORKFLOW_EXECUTION_SIGNALED'],
    ['shard-end-alone', 'SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED'],
    ['continue-as-new-run-1', 'WORKFLOW_EXECUTION_CONTINUED_AS_NEW'],
    ['handler-failure', 'ACTIVITY_TASK_FAILED'],
    ['handler-failure', 'TIMER_FIRED'],
    ['stream-deleted', 'WORKFLOW_EXECUTION_FAILED'],
    ['stream', 'WORKFLOW_EXECUTION_SIGNALED'],
    ['stream-continue-as-new-run-1', 'WORKFLOW_EXECUTION_CONTINUED_AS_NEW'],
    ['parked-retried', 'WORKFLOW_EXECUTION_UPDATE_COMPLETED'],
    ['parked-skipped', 'WORKFLOW_EXECUTION_UPDATE_COMPLETED'],
    ['parked-by-key', 'WORKFLOW_EXECUTION_UPDATE_COMPLETED'],
    ['parked-for-a-time', 'TIMER_FIRED'],
    ['stopped-by-policy', 'EXTERNAL_WORKFLOW_EXECUTION_SIGNALED'],
    ['stopped-by-policy', 'WORKFLOW_EXECUTION_FAILED'],
    ['stream-stopped-by-policy', 'WORKFLOW_EXECUTION_FAILED'],
    ['redrive', 'WORKFLOW_EXECUTION_COMPLETED'],
    ['replay', 'WORKFLOW_EXECUTION_COMPLETED'],
    ['replay-continue-as-new-run-1', 'WORKFLOW_EXECUTION_CONTINUED_AS_NEW'],
    ['paused', 'WORKFLOW_EXECUTION_UPDATE_COMPLETED'],
    ['paused-for-a-time', 'TIMER_FIRED'],
    ['moved', 'WORKFLOW_EXECUTION_UPDATE_COMPLETED'],
    ['stream-paused', 'WORKFLOW_EXECUTION_UPDATE_COMPLETED'],
  ] as const)('of scenario %s take its path: %s', (scenario, eventType) => {
    expect(read(fileOf(version, scenario)).events.map((event) => event.eventType)).toContain(`EVENT_TYPE_${eventType}`);
  });

  it.each([
    ['dead-lettered', 'cut'],
    ['dead-lettered', 'deadLettered'],
    ['rejected', 'deadLettered'],
    ['record-kills-worker', 'died'],
    ['record-kills-worker', 'deadLettered'],
    ['parked-retried', 'unparked'],
    ['parked-skipped', 'skipped'],
    ['parked-for-a-time', 'unparked'],
    ['parked-by-key', 'drained'],
    ['stopped-by-policy', 'retry'],
  ] as const)('of scenario %s show the step %s', (scenario, kind) => {
    expect(containsText(read(fileOf(version, scenario)), `"kind":"${kind}"`)).toBe(true);
  });

  it('of scenario worker-lost have a slice that a second attempt has finished', () => {
    expect(JSON.stringify(read(fileOf(version, 'worker-lost')))).toMatch(
      /"attempt":2,.*TIMEOUT_TYPE_HEARTBEAT|TIMEOUT_TYPE_HEARTBEAT.*"attempt":2/,
    );
  });
});

describe('a tampered history is rejected', () => {
  it('with another activity', async () => {
    const history = busy();
    const scheduled = history.events.find((event) => event.activityTaskScheduledEventAttributes);
    if (scheduled?.activityTaskScheduledEventAttributes)
      scheduled.activityTaskScheduledEventAttributes.activityType.name = 'processOtherBatches';
    expect(await rejection(history)).toBeInstanceOf(DeterminismViolationError);
  });

  it('without an event', async () => {
    const tampered = without(busy(), 'EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES');
    expect(await rejection(tampered)).toBeInstanceOf(DeterminismViolationError);
  });

  it('of another workflow', async () => {
    const history = read(fileOf(version, 'continue-as-new-run-2'));
    const started = history.events[0]?.workflowExecutionStartedEventAttributes;
    if (started) started.workflowType.name = 'tidemarkStream';
    expect(await rejection(history)).toBeInstanceOf(DeterminismViolationError);
  });

  it('but not because of what the test does to it', async () => {
    const copy = JSON.parse(JSON.stringify(busy())) as History;
    expect(await rejection(copy)).toBeUndefined();
  });
});
