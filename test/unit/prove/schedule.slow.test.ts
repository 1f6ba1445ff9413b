import fc from 'fast-check';
import {
  createSchedule,
  describeFault,
  mixedSignals,
  type Fault,
  type ScheduleOptions,
} from '../../../dev/prove/common/schedule';
import { createRandom } from '../../../dev/prove/random';

const OPTIONS: ScheduleOptions = {
  signals: mixedSignals(30),
  reshards: 6,
  heartbeatTimeoutMs: 3_000,
  maxKillsAtOnce: 2,
};

const isKill = (fault: Fault): boolean => fault.kind === 'kill';

describe('the schedule of faults', () => {
  it('follows from the seed', () => {
    expect(createSchedule(createRandom(7), OPTIONS)).toEqual(createSchedule(createRandom(7), OPTIONS));
    expect(createSchedule(createRandom(7), OPTIONS)).not.toEqual(createSchedule(createRandom(8), OPTIONS));
  });

  it('has as many faults as asked for, of every kind', () => {
    const faults = createSchedule(createRandom(1), OPTIONS).flat();
    const names = faults.map(describeFault);
    const counts = Object.fromEntries(
      [...new Set(names)].map((name) => [name, names.filter((n) => n === name).length]),
    );
    expect(counts).toEqual({ SIGKILL: 10, SIGSTOP: 10, SIGTERM: 10, split: 3, merge: 3 });
  });

  it('leaves one worker, changes the stream once at a time, and freezes for longer than the heartbeat time-out', () => {
    const options = fc.record({
      signals: fc.nat(40).map(mixedSignals),
      reshards: fc.nat(10),
      heartbeatTimeoutMs: fc.integer({ min: 2_000, max: 10_000 }),
      maxKillsAtOnce: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.nat(), options, (seed, given) => {
        const steps = createSchedule(createRandom(seed), given);
        expect(steps.flat().filter(isKill)).toHaveLength(given.signals.length);
        expect(steps.flat()).toHaveLength(given.signals.length + given.reshards);
        for (const step of steps) {
          expect(step.filter(isKill).length).toBeLessThanOrEqual(given.maxKillsAtOnce);
          expect(step.filter((fault) => !isKill(fault)).length).toBeLessThanOrEqual(1);
        }
        for (const fault of steps.flat()) {
          if (fault.kind === 'kill' && fault.signal === 'SIGSTOP')
            expect(fault.pauseMs).toBeGreaterThan(given.heartbeatTimeoutMs);
        }
      }),
    );
  });
});
