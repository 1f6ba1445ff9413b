import { createRandom } from '../../../dev/prove/random';
import { FLEET } from '../../../dev/scale/model';
import { simulate } from '../../../dev/scale/simulate';

function simulated(fleet: Partial<typeof FLEET>): ReturnType<typeof simulate> {
  const random = createRandom(1);
  return simulate({ ...FLEET, ...fleet }, { seconds: 600, random: () => random.next() });
}

describe('the simulation of a fleet agrees with arithmetic', () => {
  it('of idle shards: a slice and a write each 5 minutes, a heartbeat each 8 s, a poll a second', () => {
    const { mean, recordsPerSecond } = simulated({ shards: 600, busyShare: 0 });
    expect(recordsPerSecond).toBe(0);
    expect(mean.slices).toBeCloseTo(2, 5);
    expect(mean.heartbeats).toBeCloseTo(75, 0);
    expect(mean.polls).toBeCloseTo(600, 5);
    expect(mean.writes).toBeCloseTo(2, 5);
  });

  it('of busy shards: a commit per poll, and a history entry per slice', () => {
    const { mean, recordsPerSecond } = simulated({ shards: 100, busyShare: 1, recordsPerSecond: 200 });
    expect(recordsPerSecond).toBe(20_000);
    expect(mean.writes).toBeCloseTo(100 * 4 + 100 / 10, 5);
  });

  it('of polls that bring several batches: a commit per batch', () => {
    const { mean } = simulated({ shards: 100, busyShare: 1, recordsPerSecond: 16_000 });
    expect(mean.writes).toBeCloseTo(100 * 8 + 100 / 10, 5);
  });

  it('of a worker that dies: its shards are claimed within the heartbeat timeout and the delay of a retry', () => {
    const { afterLoss } = simulated({ shards: 10_000, workers: 10 });
    expect(afterLoss.shards).toBe(1_000);
    expect(afterLoss.p50Seconds).toBeGreaterThan(3);
    expect(afterLoss.p99Seconds).toBeLessThanOrEqual(11);
  });
});
