import consumer from '../../../examples/park-by-order/consumer';
import { rawRecords } from '../handler/support/runs';
import { deliver } from './deliveries';

jest.mock('tidemark', () => jest.requireActual<object>('../../../src'), { virtual: true });

/** Orders of five events: a, b, a, b, c. */
const records = rawRecords(['a1', 'b1', 'a2', 'b2', 'c1']).map((record, index) => ({
  ...record,
  partitionKey: ['a', 'b', 'a', 'b', 'c'][index] ?? '',
}));

/** A shop that knows each event by its key; it does not take those of `broken`. */
function openShop(broken?: string): { readonly events: Map<string, string>; calls: number } {
  const shop = { events: new Map<string, string>(), calls: 0 };
  jest.spyOn(globalThis, 'fetch').mockImplementation(async (...args) => {
    const request = new Request(...args);
    shop.calls += 1;
    if (broken !== undefined && request.url.includes(`/orders/${broken}/`)) return new Response('', { status: 500 });
    shop.events.set(request.url, await request.text());
    return new Response();
  });
  return shop;
}

afterEach(() => jest.restoreAllMocks());

it('handles events in the order of each order', async () => {
  const shop = openShop();
  expect(await deliver(consumer, [], { records })).toMatchObject({ failed: [], unhandled: [] });
  const sent = [...shop.events.values()];
  expect(sent.filter((body) => body.startsWith('a'))).toEqual(['a1', 'a2']);
  expect(sent.filter((body) => body.startsWith('b'))).toEqual(['b1', 'b2']);
});

it('begins nothing behind a failed event of the same order, and goes on with the others', async () => {
  const shop = openShop('a');
  const { failed, unhandled } = await deliver(consumer, [], { records });
  expect(failed.map(({ index }) => index)).toEqual([0]);
  expect(unhandled).toEqual([2]);
  expect([...shop.events.values()].toSorted()).toEqual(['b1', 'b2', 'c1']);
});

it('writes an event to the same place when it comes a second time', async () => {
  const shop = openShop();
  await deliver(consumer, [], { records });
  await deliver(consumer, [], { records: records.slice(1), attempt: 2 });
  expect(shop.calls).toBe(9);
  expect(shop.events.size).toBe(5);
});

it('parks orders, not shards', () => {
  expect(consumer.options.onFailure).toMatchObject({ then: 'park', parkBy: 'partitionKey', maxParkedKeys: 50 });
});
