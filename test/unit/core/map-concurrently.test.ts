import { mapConcurrently } from '../../../src/core/map-concurrently';

/** Calls that end when told to. */
function setUp() {
  const pending = new Map<number, { resolve: (value: string) => void; reject: (error: Error) => void }>();
  const action = (item: number) =>
    new Promise<string>((resolve, reject) => void pending.set(item, { resolve, reject }));
  const settle = async (item: number, error?: Error): Promise<void> => {
    const call = pending.get(item);
    pending.delete(item);
    if (error) call?.reject(error);
    else call?.resolve(`done ${item}`);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { pending, action, settle, underWay: () => [...pending.keys()] };
}

describe('mapConcurrently', () => {
  it('keeps the order, and has no more than the limit under way', async () => {
    const { action, settle, underWay } = setUp();
    const result = mapConcurrently([1, 2, 3], 2, action);
    expect(underWay()).toEqual([1, 2]);
    await settle(2);
    expect(underWay()).toEqual([1, 3]);
    await settle(3);
    await settle(1);
    expect(await result).toEqual(['done 1', 'done 2', 'done 3']);
  });

  it('begins nothing after a failure, and throws the first one once all under way has ended', async () => {
    const { action, settle, underWay } = setUp();
    const failed = jest.fn();
    const result = mapConcurrently([1, 2, 3], 2, action).catch(failed);
    await settle(2, new Error('first'));
    expect(underWay()).toEqual([1]);
    expect(failed).not.toHaveBeenCalled();
    await settle(1, new Error('second'));
    await result;
    expect(failed).toHaveBeenCalledWith(new Error('first'));
    expect(underWay()).toEqual([]);
  });

  it('throws even a failure that is undefined', async () => {
    await expect(mapConcurrently([1], 1, () => Promise.reject(undefined as unknown as Error))).rejects.toBeUndefined();
  });

  it('gives nothing for nothing', async () =>
    expect(await mapConcurrently([], 3, () => Promise.reject(new Error('called')))).toEqual([]));
});
