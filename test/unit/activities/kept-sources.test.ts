import type { BatchSource } from '../../../src/activities/batch-source';
import { LeftOut } from '../../../src/activities/left-out';
import type { CheckpointHold } from '../../../src/activities/checkpoint-hold';
import { KeptSources, type OpenSource } from '../../../src/activities/kept-sources';

function open(): OpenSource & { close: jest.Mock } {
  const close = jest.fn();
  return {
    source: { close } as unknown as BatchSource,
    leftOut: new LeftOut(),
    renewFrom: jest.fn(),
    isPolling: () => true,
    listener: { onTrouble: jest.fn(), hold: {} as CheckpointHold },
    close,
  };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('gives a source to the next slice at the same checkpoint, once', () => {
  const kept = new KeptSources();
  const one = open();
  kept.keep('shard', 'token', one);
  expect(kept.take('other', 'token')).toBeUndefined();
  expect(kept.take('shard', 'token')?.source).toBe(one.source);
  expect(kept.take('shard', 'token')).toBeUndefined();
  jest.runAllTimers();
  expect(one.close).not.toHaveBeenCalled();
});

it.each([['another token'], [undefined]])('closes it where the checkpoint has moved: %s', (token) => {
  const kept = new KeptSources();
  const one = open();
  kept.keep('shard', 'token', one);
  expect(kept.take('shard', token)).toBeUndefined();
  expect(one.close).toHaveBeenCalledTimes(1);
});

it('closes it when no slice comes for it, and when another takes its place', () => {
  const kept = new KeptSources();
  const [one, two] = [open(), open()];
  kept.keep('shard', 'token', one);
  kept.keep('shard', 'token', two);
  expect(one.close).toHaveBeenCalledTimes(1);
  jest.advanceTimersByTime(60_000);
  expect(two.close).toHaveBeenCalledTimes(1);
});

it('tells the last slice nothing any more', () => {
  const kept = new KeptSources();
  const one = open();
  const { onTrouble } = one.listener;
  kept.keep('shard', 'token', one);
  one.listener.onTrouble(new Error('away'));
  expect(onTrouble).not.toHaveBeenCalled();
});

it('says of a source whether a slice uses it', () => {
  const kept = new KeptSources();
  const one = open();
  kept.keep('shard', 'token', one);
  expect(one.listener.isKept).toBe(true);
  expect(kept.take('shard', 'token')?.listener).toBe(one.listener);
  expect(one.listener.isKept).toBe(false);
});
