import { PassThrough } from 'node:stream';
import { confirm } from '../../../src/cli/confirm';
import { renderListing } from '../../../src/cli/letter-table';
import { renderLetter } from '../../../src/cli/letter-text';
import { asText, printable } from '../../../src/cli/printable';
import { showProgress } from '../../../src/cli/progress-line';
import { toFailureRecord } from '../../../src/dead-letters/failure-record';
import { newStream, shardOf } from '../../support/checkpoint-store.contract';
import { failure, headOf, letterOf } from '../../support/dead-letter-store.contract';

const BELL = '\u0007';
const CLEAR_SCREEN = '\u001B[2J';
const shard = shardOf(newStream('flights'));

describe('what comes from records, on a terminal', () => {
  it('is shown without control characters, and those that turn or break text', () => {
    expect(printable(`a${BELL}b\n${CLEAR_SCREEN}\u202Ec\u0085ö✈️`)).toBe(
      'a\\u{7}b\\u{A}\\u{1B}[2J\\u{202E}c\\u{85}ö✈️',
    );
  });

  it.each([
    ['text', 'ein Flug\tnach Köln ✈️\n', 'ein Flug\tnach Köln ✈️\n'],
    ['lines of another system', 'a\r\nb', 'a\nb'],
    ['nothing', '', ''],
    ['a carriage return, which hides what stands before it', 'bad\rgood', undefined],
    ['a control sequence', CLEAR_SCREEN, undefined],
    ['a control character of Unicode', 'a\u009B2J', undefined],
    ['a change of direction', 'a\u202Eb', undefined],
  ])('is text or not: %s', (_, text, expected) => {
    expect(asText(Buffer.from(text))).toBe(expected);
  });

  it('is no text if it is not UTF-8', () => {
    expect(asText(Buffer.from([0xc3, 0x28]))).toBeUndefined();
  });
});

describe('a dead letter', () => {
  it('shows what is known of it, then its payload as text', () => {
    const errors = [failure(), failure({ code: 'SCHEMA_INVALID', attempts: 1, message: `bad${BELL}` })];
    const decision = { decidedBy: 'jane', reason: 'fixed', decidedAtMs: 1_767_225_800_000 };
    expect(renderLetter(letterOf(shard, { errors, ...decision, partitionKey: `k${BELL}`, expiresAtMs: 0 }))).toBe(
      `Status:          OPEN
Stream:          ${shard.streamArn}
Shard:           shardId-000000000000
Sequence number: 49671246667567228643283430150187087032206582658500001794
Partition key:   k\\u{7}
Arrived:         2026-01-01T00:01:39.001Z
Set aside:       2026-01-01T00:01:40.123Z, RetryAttemptsExhausted
Decided:         2026-01-01T00:03:20.000Z, by jane, fixed
Expires:         1970-01-01T00:00:00.000Z

2026-01-01T00:01:40.123Z HANDLER_FAILED after 5 attempts: TypeError at handler.ts:3
  workflow tidemark/contract/flights@1/shardId-000000000000, run run-1
2026-01-01T00:01:40.123Z SCHEMA_INVALID after 1 attempt: bad\\u{7}
  workflow tidemark/contract/flights@1/shardId-000000000000, run run-1

Payload, 19 bytes:
{"flight":"LH 454"}`,
    );
  });

  it('shows a payload that is no text in base64', () => {
    const data = Buffer.alloc(60, CLEAR_SCREEN);
    const [, payload = ''] = renderLetter(letterOf(shard, { data })).split('in base64:\n');
    expect(payload.split('\n').map(({ length }) => length)).toEqual([76, 4]);
    expect(Buffer.from(payload, 'base64').equals(data)).toBe(true);
  });

  it("is a failure record of AWS Lambda's form as JSON", () => {
    const letter = letterOf(shard, { status: 'PARKED' });
    const record = JSON.parse(JSON.stringify(toFailureRecord(letter))) as Record<string, unknown>;
    expect(record).toMatchObject({
      version: '1.0',
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 5 },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      KinesisBatchInfo: { batchSize: 1, startSequenceNumber: letter.sequenceNumber },
      status: 'PARKED',
      payload: Buffer.from('{"flight":"LH 454"}').toString('base64'),
    });
    expect(Object.keys(record)).not.toContain('reason');
    expect(toFailureRecord(headOf(letter))).not.toHaveProperty('payload');
  });
});

describe('a list of dead letters', () => {
  const letters = ['1', '2', '3'].map((sequenceNumber, index) =>
    headOf(
      letterOf(index === 2 ? shardOf(shard, 'shardId-000000000001') : shard, {
        sequenceNumber,
        partitionKey: index === 0 ? `${BELL}${'k'.repeat(40)}` : 'key',
      }),
    ),
  );
  const counts = { total: 1_205, byStatus: { REDRIVEN: 5, OPEN: 1_200 }, byCode: { HANDLER_FAILED: 1_205 } };

  it('has a table per shard, and counts of all', () => {
    const text = renderListing('delays on stream flights', { letters, hasMore: true }, counts);
    expect(text).toContain(
      'delays on stream flights: 1,205 dead letters (open 1,200, redriven 5); by last error: HANDLER_FAILED 1,205',
    );
    expect(text).toContain('shardId-000000000000\n');
    expect(text).toContain('shardId-000000000001\n');
    const [first] = text.split('\n').filter((line) => line.startsWith('│ 1 '));
    const cells = (first ?? '').split('│').map((cell) => cell.trim());
    const key = `\\u{7}${'k'.repeat(18)}…`;
    expect(cells.slice(1, -1)).toEqual(['1', key, '2026-01-01 00:01:40', 'OPEN', 'HANDLER_FAILED', '5', '19']);
    expect(text).toContain('Only the first 3 are shown; --limit shows more.');
  });

  it('says so if there are none', () => {
    const nothing = { total: 0, byStatus: {}, byCode: {} };
    expect(renderListing('delays', { letters: [], hasMore: false }, nothing)).toBe('delays: no dead letters.');
  });
});

/** A stream as a terminal or a pipe; keeps what is written to it. */
function stream(isTTY: boolean): { readonly through: never; readonly type: (text: string) => void; text(): string } {
  const through = Object.assign(new PassThrough(), { isTTY });
  let text = '';
  through.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { through: through as never, type: (typed) => void through.write(typed), text: () => text };
}

describe('a question', () => {
  it.each([
    ['y\n', true],
    ['YES\n', true],
    ['\n', false],
    ['no\n', false],
    ['yesterday\n', false],
  ])('answered with %j means %s', async (typed, meant) => {
    const [input, output] = [stream(true), stream(true)];
    const answer = confirm('Discard 3?', {}, { input: input.through, output: output.through });
    input.type(typed);
    expect(await answer).toBe(meant);
    expect(output.text()).toContain('Discard 3? [y/N] ');
  });

  it('that is closed means no', async () => {
    const [input, output] = [stream(true), stream(true)];
    const answer = confirm('Discard 3?', {}, { input: input.through, output: output.through });
    input.type('\u0004');
    (input.through as PassThrough).end();
    expect(await answer).toBe(false);
  });

  it('is not asked with --yes, and refused where nobody can answer', async () => {
    const terminal = { input: stream(false).through, output: stream(false).through };
    expect(await confirm('?', { yes: true }, terminal)).toBe(true);
    await expect(confirm('?', {}, terminal)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: 'Nobody can be asked here. Say --yes to go ahead.',
    });
  });
});

describe('progress', () => {
  it('is a line for each tenth where it is not a terminal', () => {
    const out = stream(false);
    const progress = showProgress('Letters', 40, out.through);
    for (let done = 0; done <= 40; done += 1) progress.update(done, done > 20 ? '1 failed again' : '');
    progress.stop();
    const lines = out.text().trimEnd().split('\n');
    expect(lines).toHaveLength(11);
    expect([lines[0], lines[5], lines[10]]).toEqual([
      'Letters 0 of 40',
      'Letters 20 of 40',
      'Letters 40 of 40, 1 failed again',
    ]);
  });

  it('is a bar on a terminal', () => {
    const out = stream(true);
    const progress = showProgress('Letters', 4, out.through);
    progress.update(3, '1 failed again');
    progress.stop();
    expect(out.text()).toMatch(/Letters [█░]{30} 3 of 4, 1 failed again/);
  });
});
