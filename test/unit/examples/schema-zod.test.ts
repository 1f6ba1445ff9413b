import consumer from '../../../examples/schema-zod/consumer';
import { rawRecords } from '../handler/support/runs';
import { deliver } from './deliveries';

jest.mock('tidemark', () => jest.requireActual<object>('../../../src'), { virtual: true });

const flight = { origin: 'ORD', destination: 'JFK', delay: 7, departure: '2026-01-31T12:00:00Z' };

let lines: string[];
beforeEach(() => {
  lines = [];
  jest.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
});
afterEach(() => jest.restoreAllMocks());

it('hands typed values to the handler', async () => {
  expect(await deliver(consumer, [flight])).toMatchObject({ filtered: [], rejected: [], failed: [] });
  expect(lines).toEqual(['ORD-JFK of 2026-01-31: 7 minutes late']);
});

it('rejects what does not validate, with the codes of its issues and none of its data', async () => {
  const { rejected } = await deliver(consumer, [{ ...flight, origin: 'secret', delay: 'late' }, 'no JSON', flight]);
  expect(rejected).toEqual([
    {
      index: 0,
      error: { code: 'SCHEMA_INVALID', message: 'The record does not validate: 2 issues (too_big, invalid_type)' },
    },
    { index: 1, error: { code: 'SCHEMA_INVALID', message: expect.stringContaining('not JSON') } },
  ]);
  expect(lines).toHaveLength(1);
});

it('passes over what the filter does not let through, valid or not', async () => {
  const records = rawRecords(['no JSON', JSON.stringify(flight)]).map((record) => ({
    ...record,
    partitionKey: 'TEST',
  }));
  expect(await deliver(consumer, [], { records })).toMatchObject({ filtered: [0, 1], rejected: [] });
  expect(lines).toEqual([]);
});
