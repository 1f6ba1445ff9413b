import fc from 'fast-check';
import { boundsOf, kills, type Isolation } from '../../../../dev/prove/poison/bounds';
import { POISON_KINDS } from '../../../../dev/prove/poison/kinds';
import { collectWorkers, outageWithin } from '../../../../dev/prove/poison/workers-facts';
import type { Line, LineContent } from '../../../../dev/prove/common/lines';
import { POLICY } from './simulated-poison-run';

const FREE = { runMs: 0, restartMs: 0 };
const bounds = (kind: (typeof POISON_KINDS)[number], isolation: Isolation, foreignDeaths = 0) =>
  boundsOf({ kind, isolation, foreignDeaths }, POLICY, FREE);

describe('what a policy allows a poison', () => {
  it('is its attempts, back-offs and halvings where it throws', () => {
    // 3 attempts with 100 and 200 ms between them, and 8 records are halved three times.
    expect(bounds('throws', 'inline')).toEqual({ calls: 3 + 3 + 2, blockedMs: 300 });
  });

  it('has a handler time-out for each call where it never settles', () => {
    expect(bounds('neverSettles', 'inline').blockedMs).toBe(300 + 8 * POLICY.handlerTimeoutMs);
  });

  it('has a heartbeat time-out for each death where it kills its process', () => {
    // Twice whole, three halvings, twice alone; Temporal waits 1, 1.5, 2.25, 3.375 s and then 5 s before the next attempt.
    const pauses = 1_000 + 1_500 + 2_250 + 3_375 + 3 * 5_000;
    expect(bounds('exits', 'inline')).toEqual({ calls: 7 + 3 + 1, blockedMs: 7 * POLICY.heartbeatTimeoutMs + pauses });
  });

  it('kills no process in a thread', () => {
    const killers = (isolation: Isolation) => POISON_KINDS.filter((kind) => kills(kind, isolation));
    expect(killers('inline')).toEqual(['blocks', 'exits', 'aborts', 'outOfMemory']);
    expect(killers('thread')).toEqual([]);
  });

  it('grows with the deaths that others cause, and with what the machine takes', () => {
    const kinds = fc.constantFrom(...POISON_KINDS);
    const isolations = fc.constantFrom<Isolation>('inline', 'thread');
    fc.assert(
      fc.property(kinds, isolations, fc.nat(20), (kind, isolation, deaths) => {
        const less = bounds(kind, isolation, deaths);
        expect(bounds(kind, isolation, deaths + 1).blockedMs).toBeGreaterThanOrEqual(
          less.blockedMs + POLICY.heartbeatTimeoutMs,
        );
        const slow = boundsOf({ kind, isolation, foreignDeaths: deaths }, POLICY, { runMs: 10, restartMs: 0 });
        expect(slow.blockedMs).toBe(less.blockedMs + 10 * less.calls);
      }),
    );
  });
});

describe('times without a worker', () => {
  const line = (t: number, worker: string, content: LineContent): Line => ({ ...content, t, worker });
  const ready = (t: number, worker: string): Line => line(t, worker, { kind: 'ready' });
  const died = (t: number, worker: string): Line => line(t, worker, { kind: 'died', reason: 'exit code 7' });

  it('begin with the last death and end with the next start', () => {
    const workers = collectWorkers([
      ready(10, 'w1'),
      ready(20, 'w2'),
      died(30, 'w1'),
      died(40, 'w2'),
      ready(70, 'w3'),
      died(80, 'w3'),
      ready(95, 'w4'),
    ]);
    expect(workers.outages).toEqual([
      { from: 40, to: 70 },
      { from: 80, to: 95 },
    ]);
    expect(outageWithin(workers, 50, 90)).toBe(20 + 10);
    expect(workers.deaths).toHaveLength(3);
  });
});
