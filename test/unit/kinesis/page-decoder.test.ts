import { inspect } from 'node:util';
import fc from 'fast-check';
import { decodePage } from '../../../src/kinesis/page-decoder';

interface Sent {
  readonly key: string;
  readonly data: Uint8Array;
}

const sent = fc.record({
  key: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('"Data":"', '\\"Data":"', 'é"Data', 'Data')),
  data: fc.uint8Array({ maxLength: 300 }),
});

function answer(records: readonly Sent[], more: object = {}): object {
  return {
    ...more,
    MillisBehindLatest: 7,
    NextShardIterator: 'next',
    Records: records.map(({ key, data }, index) => ({
      PartitionKey: key,
      SequenceNumber: String(index),
      Data: Buffer.from(data).toString('base64'),
      ApproximateArrivalTimestamp: 1_767_225_600.123,
    })),
  };
}

function decodeText(text: string): ReturnType<typeof decodePage> {
  return decodePage(Buffer.from(text));
}

function refusalOf(body: Buffer): unknown {
  try {
    decodePage(body);
  } catch (error) {
    return error;
  }
  return undefined;
}

function expectRecords(page: ReturnType<typeof decodePage>, records: readonly Sent[]): void {
  expect(page.records.map(({ partitionKey }) => partitionKey)).toEqual(records.map(({ key }) => key));
  expect(page.records.map(({ data }) => [...data])).toEqual(records.map(({ data }) => [...data]));
  expect(page.records.every(({ arrivalMs }) => arrivalMs === 1_767_225_600_123)).toBe(true);
}

describe('decodePage', () => {
  it('gives back any record that JSON and base64 can carry, whatever the partition key looks like', () => {
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 20 }), (records) => {
        expectRecords(decodeText(JSON.stringify(answer(records))), records);
      }),
    );
  });

  it.each([
    ['spaces between tokens', (text: string) => JSON.stringify(JSON.parse(text), undefined, 2)],
    ['escaped slashes', (text: string) => text.replaceAll('/', '\\/')],
    ['an escaped name', (text: string) => text.replaceAll('"Data"', '"\\u0044ata"')],
  ])('reads a body with %s', (_, change) => {
    const records = [
      { key: 'a', data: Uint8Array.of(255, 255, 255) },
      { key: 'b', data: Uint8Array.of(1) },
    ];
    expectRecords(decodeText(change(JSON.stringify(answer(records)))), records);
  });

  it('is not led astray by a Data elsewhere', () => {
    const records = [{ key: 'a', data: Uint8Array.of(1, 2, 3) }];
    expectRecords(decodeText(JSON.stringify(answer(records, { Data: 'AAAA', Other: [{ Data: 'BBBB' }] }))), records);
  });

  it('gives views of one block of memory, one behind the other, with nothing else in it', () => {
    fc.assert(
      fc.property(fc.array(sent, { minLength: 1, maxLength: 20 }), (sentRecords) => {
        const { records } = decodeText(JSON.stringify(answer(sentRecords)));
        const [block] = new Set(records.map(({ data: { buffer } }) => buffer));
        let end = 0;
        for (const { data } of records) {
          expect(data.buffer).toBe(block);
          expect(data.byteOffset).toBe(end);
          end += data.byteLength;
        }
        expect(block?.byteLength).toBe(end);
      }),
    );
  });

  it('takes what is left out for nothing', () => {
    expect(decodeText('{"NextShardIterator":null,"Records":null,"ChildShards":null}')).toEqual({
      records: [],
      nextIterator: undefined,
      millisBehindLatest: 0,
      childShards: [],
    });
  });

  it.each([
    ['is cut off', '{"Records":[{"Data":"AAAA'],
    ['is no JSON', 'secret'],
    ['is no object', '"secret"'],
    ['has no list of records', '{"Records":{"Data":"secret"}}'],
    ['has a record without a payload', '{"Records":[{"SequenceNumber":"1","PartitionKey":"secret"}]}'],
    ['has a payload that is no base64', '{"Records":[{"SequenceNumber":"1","PartitionKey":"a","Data":"sec!ret?"}]}'],
    [
      'has a payload of a length that base64 has not',
      '{"Records":[{"SequenceNumber":"1","PartitionKey":"a","Data":"AAAAA"}]}',
    ],
    ['has a sequence number that is no text', '{"Records":[{"SequenceNumber":1,"PartitionKey":"a","Data":"AAAA"}]}'],
  ])('refuses a body that %s, without quoting it', (_, text) => {
    const error = refusalOf(Buffer.from(text));
    expect(error).toMatchObject({ code: 'INVALID_ANSWER' });
    expect(inspect(error)).not.toMatch(/secret|AAAA/);
  });

  it('refuses every beginning of a page', () => {
    const body = JSON.stringify(
      answer([
        { key: 'a', data: Uint8Array.of(1, 2, 3) },
        { key: 'é', data: Uint8Array.of() },
      ]),
    );
    const bytes = Buffer.from(body);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(refusalOf(bytes.subarray(0, length))).toMatchObject({ code: 'INVALID_ANSWER' });
    }
  });
});
