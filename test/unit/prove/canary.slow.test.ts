import { canaryOf, holdsCanary } from '../../../dev/prove/common/canary';

const CANARY = canaryOf(12_345);
const holds = holdsCanary(CANARY);

describe('the canary', () => {
  it('is short and follows from the seed', () => {
    expect(CANARY).toMatch(/^CNRY[0-9a-z]{4}$/);
    expect(canaryOf(12_345)).toBe(CANARY);
    expect(canaryOf(2 ** 31 - 1)).toHaveLength(8);
  });

  it.each(['', 'a', 'ab', 'abc', 'a longer text before it'])('is found behind "%s"', (before) => {
    const text = `${before}${CANARY}!`;
    expect(holds(text)).toBe(true);
    expect(holds(Buffer.from(text))).toBe(true);
    expect(holds(Buffer.from(text).toString('base64'))).toBe(true);
    expect(holds(Buffer.from(text).toString('hex'))).toBe(true);
    expect(holds(JSON.stringify([...Buffer.from(text)]))).toBe(true);
  });

  it('is not found elsewhere', () => {
    const other = canaryOf(54_321);
    expect(holds(other)).toBe(false);
    expect(holds(Buffer.from(other).toString('base64'))).toBe(false);
  });
});
