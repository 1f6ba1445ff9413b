import { eventually } from '../../support/eventually';

describe('eventually', () => {
  /** For conditions that come true: a busy machine may take its time. */
  const patient = { timeoutMs: 10_000, intervalMs: 5 };
  /** For conditions that never do. */
  const quick = { timeoutMs: 60, intervalMs: 5 };

  it('resolves with the first truthy value', async () => {
    const values = [undefined, 0, 'found', 'later'];
    await expect(eventually(() => values.shift(), patient)).resolves.toBe('found');
    await expect(eventually(() => Promise.resolve('at once'), patient)).resolves.toBe('at once');
  });

  it('resolves when assertions pass, though they return nothing', async () => {
    let tries = 0;
    await eventually(() => {
      tries += 1;
      expect(tries).toBeGreaterThan(2);
    }, patient);
    expect(tries).toBe(3);
  });

  it('does not take a missing value for a passed assertion', async () => {
    const lookUp = eventually(() => new Map<string, string>().get('absent'), { ...quick, what: 'the entry' });
    await expect(lookUp).rejects.toThrow('the entry did not come true within 60 ms: last value was undefined');
  });

  it('rejects with the last error', async () => {
    let tries = 0;
    const failing = eventually(() => Promise.reject(new Error(`try ${(tries += 1)}`)), quick);
    const error = await failing.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      message: expect.stringMatching(new RegExp(`try ${tries}$`)),
      cause: expect.any(Error),
    });
  });

  it('gives up on a condition that never answers', async () => {
    const stuck = eventually(() => new Promise<boolean>(() => undefined), quick);
    await expect(stuck).rejects.toThrow('it gave no answer');
  });
});
