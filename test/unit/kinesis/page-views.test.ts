import { lend, unpack, type Loan } from '../../../src/handler/thread/payloads';
import type { RawRecord } from '../../../src/kinesis/kinesis-port';
import { openAggregates } from '../../../src/kinesis/open-aggregates';
import { noteViews } from '../../../src/kinesis/page-views';
import { aggregateOf } from '../../support/kpl/messages';

const LONG = 'x'.repeat(Buffer.poolSize);
const RULES = { range: undefined, onLeftOut: () => undefined };

/** A page of these payloads with other things between them, and its aggregates opened. */
function openedPage(payloads: readonly Uint8Array[]): RawRecord[] {
  const page = Buffer.allocUnsafeSlow(payloads.reduce((sum, { length }) => sum + length + 10, 10));
  let offset = 10;
  const records = payloads.map((payload, index) => {
    page.set(payload, offset);
    const data = page.subarray(offset, offset + payload.length);
    offset += payload.length + 10;
    return { sequenceNumber: String(index), partitionKey: 'k', data, arrivalMs: 0 };
  });
  noteViews(page, records.filter(({ data }) => data.byteLength > 0).length);
  return openAggregates(records, RULES);
}

const users = (...names: string[]): Buffer => aggregateOf(names.map((key) => ({ key, data: `${key} ${LONG}` })));
const namesOf = (records: readonly RawRecord[]): string[] =>
  records.map(({ data }) => Buffer.from(data).toString().slice(0, 1));

function sent({ packed, transfer }: Loan): RawRecord[] {
  return unpack(structuredClone(packed, { transfer: [...transfer] }));
}

it('a part of the user records of a page, as many as the page had records, does not take the others along', () => {
  const page = openedPage([Buffer.from(`p ${LONG}`), users('a', 'b', 'c')]);
  const loan = lend(page.slice(0, 2), false);
  expect(loan.packed.borrowed).toBe(0);
  expect(namesOf(sent(loan))).toEqual(['p', 'a']);
  expect(namesOf(page)).toEqual(['p', 'a', 'b', 'c']);
});

it('all user records of a page go without being copied', () => {
  const page = openedPage([users('a', 'b'), Buffer.from(`p ${LONG}`), users('c')]);
  const loan = lend(page, false);
  expect(loan.packed.borrowed).toBe(1);
  expect(namesOf(sent(loan))).toEqual(['a', 'b', 'p', 'c']);
});
