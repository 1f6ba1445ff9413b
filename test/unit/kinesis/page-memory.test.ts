import fc from 'fast-check';
import { PageMemory, type PageReservation } from '../../../src/kinesis/page-memory';

const NEVER = new AbortController().signal;

async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

function asked(memory: PageMemory, bytes: number, signal = NEVER): { reservation?: PageReservation; error?: unknown } {
  const outcome: { reservation?: PageReservation; error?: unknown } = {};
  memory.reserve(bytes, signal).then(
    (reservation) => (outcome.reservation = reservation),
    (error: unknown) => (outcome.error = error),
  );
  return outcome;
}

it('lets in what fits, and the others in the order of asking once there is room', async () => {
  const memory = new PageMemory(100);
  const first = await memory.reserve(60, NEVER);
  const second = asked(memory, 60);
  const third = asked(memory, 10);
  await settle();
  expect([second.reservation, third.reservation]).toEqual([undefined, undefined]);
  first.settle(30);
  await settle();
  expect(second.reservation).toBeDefined();
  expect(third.reservation).toBeDefined();
  expect(memory.held).toBe(100);
});

it('lets in a page larger than the whole when nothing else is held', async () => {
  const memory = new PageMemory(100);
  const large = await memory.reserve(500, NEVER);
  const next = asked(memory, 1);
  await settle();
  expect(next.reservation).toBeUndefined();
  large.release();
  await settle();
  expect(next.reservation).toBeDefined();
});

it('forgets who does not wait any more, and serves who stood behind', async () => {
  const memory = new PageMemory(100);
  await memory.reserve(60, NEVER);
  const stop = new AbortController();
  const large = asked(memory, 60, stop.signal);
  const small = asked(memory, 40);
  stop.abort(new Error('stopped'));
  await settle();
  expect(large.error).toEqual(new Error('stopped'));
  expect(small.reservation).toBeDefined();
});

it('counts a release once', async () => {
  const memory = new PageMemory(100);
  const one = await memory.reserve(50, NEVER);
  one.release();
  one.release();
  expect(memory.held).toBe(0);
});

it('never holds more than its limit of what was reserved, and serves everybody', async () => {
  const steps = fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 100 }), actual: fc.nat(100) }), {
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (pages) => {
      const memory = new PageMemory(100);
      const work = pages.map(async ({ bytes, actual }) => {
        const reservation = await memory.reserve(bytes, NEVER);
        expect(memory.held).toBeLessThanOrEqual(100);
        reservation.settle(Math.min(actual, bytes));
        await new Promise((resolve) => setImmediate(resolve));
        reservation.release();
      });
      await Promise.all(work);
      expect(memory.held).toBe(0);
    }),
  );
});
