import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { Timing } from '../core/shard-work';

/**
 * Retries without end and with capped back-off: whatever a failed attempt was, the next one claims the checkpoint and goes on. The first
 * follows soon, because the shard of a worker that died has waited for the heartbeat time-out already.
 * Heartbeats tell a dead worker; the start-to-close time-out is only a backstop far above the longest slice.
 */
function optionsFor(timing: Timing, summary: string): ActivityOptions {
  return {
    summary,
    startToCloseTimeout: '48 hours',
    heartbeatTimeout: timing.heartbeatTimeoutMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    // Small steps: an attempt may go to a frozen worker several times before another one gets it, and each costs a time-out already.
    retry: { initialInterval: '250 milliseconds', backoffCoefficient: 1.5, maximumInterval: '5 seconds' },
  };
}

/** Tidemark's activities with the timing in force and a line for the Web UI. */
export function activitiesWith(timing: Timing, summary: string): Activities {
  return proxyActivities<Activities>(optionsFor(timing, summary));
}
