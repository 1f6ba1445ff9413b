import { codeOf } from '../../../src/core/errors';
import { defaultFailureOptions } from '../../../src/core/failure-options';
import { defaultConsumerOptions, optionRanges } from '../../../src/core/option-values';
import type { ConsumerOptions } from '../../../src/core/options';
import { resolveOptions } from '../../../src/core/resolve-options';

const minimal = { name: 'delays', stream: 'flights', startFrom: 'TRIM_HORIZON' } as const;
const streamArn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/flights';

/** Users of plain JavaScript pass anything. */
const resolve = (options: unknown) => resolveOptions(options as ConsumerOptions);

function messageFor(options: unknown): string {
  try {
    resolve(options);
  } catch (error) {
    if (codeOf(error) === 'INVALID_OPTION' && error instanceof Error) return error.message;
    throw error;
  }
  throw new Error('The options were accepted');
}

describe('right options', () => {
  it('are completed with the defaults', () => {
    const { maxBatchRecords, maxBatchBytes, maxBatchWaitMs, ...rest } = defaultConsumerOptions;
    expect(resolve(minimal)).toEqual({
      name: 'delays',
      streamName: 'flights',
      start: { at: 'TRIM_HORIZON' },
      aws: {},
      onFailure: defaultFailureOptions,
      ...{ maxBatchRecords, maxBatchBytes, maxBatchWaitMs, ...rest },
    });
  });

  it('take name, ARN and region from an ARN', () => {
    expect(resolve({ ...minimal, stream: streamArn })).toMatchObject({
      streamName: 'flights',
      streamArn,
      region: 'eu-west-1',
    });
  });

  it('may be given as undefined', () => {
    expect(
      resolve({
        ...minimal,
        tableName: undefined,
        aws: undefined,
        pollIntervalMs: undefined,
        errorDetail: undefined,
        onFailure: undefined,
        isolation: undefined,
        onDataLoss: undefined,
        dataLossWarningPercent: undefined,
      }),
    ).toEqual(resolve(minimal));
  });

  it.each([
    ['LATEST', { at: 'LATEST' }],
    [{ timestamp: '2026-01-01T00:00:00Z' }, { at: 'AT_TIMESTAMP', timestampMs: 1_767_225_600_000 }],
    [{ timestamp: new Date(5) }, { at: 'AT_TIMESTAMP', timestampMs: 5 }],
    [{ timestamp: 0 }, { at: 'AT_TIMESTAMP', timestampMs: 0 }],
  ])('start from %j', (startFrom, start) => expect(resolve({ ...minimal, startFrom }).start).toEqual(start));

  it.each(Object.entries(optionRanges))('%s at both ends of its range', (option, [min, max]) => {
    for (const value of [min, max]) expect(resolve({ ...minimal, [option]: value })).toMatchObject({ [option]: value });
  });

  it('pass the AWS overrides on', () => {
    const keys = { accessKeyId: 'a', secretAccessKey: 'b' };
    for (const credentials of [keys, () => Promise.resolve(keys)]) {
      const aws = {
        region: 'eu-west-1',
        kinesisEndpoint: 'http://127.0.0.1:4566',
        dynamodbEndpoint: 'https://db.test',
        credentials,
      };
      expect(resolve({ ...minimal, aws }).aws).toEqual(aws);
    }
  });
});

describe('a wrong option is named with what was expected and given', () => {
  const nameExpected = '1 to 128 letters, digits or _.-';
  const startExpected = "'TRIM_HORIZON', 'LATEST' or { timestamp: Date | ISO 8601 string | epoch milliseconds }";
  it.each<[string, unknown, string, string]>([
    ['name', undefined, nameExpected, 'nothing'],
    ['name', '', nameExpected, '`` (string)'],
    ['name', 'a/b', nameExpected, '`a/b` (string)'],
    ['name', 7, nameExpected, '`7` (number)'],
    ['stream', undefined, 'a stream name or a stream ARN', 'nothing'],
    ['stream', 'arn:aws:s3:::b', 'a stream name or a stream ARN', '`arn:aws:s3:::b` (string)'],
    ['stream', ['flights'], 'a stream name or a stream ARN', 'a value of type array'],
    ['startFrom', undefined, startExpected, 'nothing'],
    ['startFrom', 'latest', startExpected, '`latest` (string)'],
    ['startFrom', { timestamp: 'soon' }, startExpected, 'a value of type object'],
    ['startFrom', { timestamp: null }, startExpected, 'a value of type object'],
    ['startFrom', { timestamp: -1 }, startExpected, 'a value of type object'],
    ['startFrom', { timestamp: new Date(Number.NaN) }, startExpected, 'a value of type object'],
    ['startFrom', { time: 1 }, startExpected, 'a value of type object'],
    ['startFrom', null, startExpected, '`null`'],
    ['tableName', 'ab', '3 to 255 letters, digits or _.-', '`ab` (string)'],
    ['tableName', 5, '3 to 255 letters, digits or _.-', '`5` (number)'],
    ['errorDetail', 'hide', "'code' or 'message'", '`hide` (string)'],
    ['onDataLoss', 'halt', "'continue' or 'stop'", '`halt` (string)'],
    ['isolation', 'process', "'inline' or 'thread'", '`process` (string)'],
    ['file', '', 'a path or a file URL', '`` (string)'],
    ['deadLetterTtlMs', 1, 'a whole number from 60000 to 315360000000', '`1` (number)'],
    ['onFailure', 'retry', 'an object', '`retry` (string)'],
    ['errorDetail', true, "'code' or 'message'", '`true` (boolean)'],
    ['aws', 'eu-west-1', 'an object', '`eu-west-1` (string)'],
    ['aws', null, 'an object', '`null`'],
    ['aws', [], 'an object', 'a value of type array'],
  ])('%s: %p', (option, value, expected, given) => {
    expect(messageFor({ ...minimal, [option]: value })).toBe(
      `Wrong consumer options: Expected \`${option}\` to be ${expected}, got ${given}. Correct the named options.`,
    );
  });

  it.each(Object.entries(optionRanges))('%s outside its range, broken, or no number', (option, [min, max]) => {
    const wrong = [
      min - 1,
      max + 1,
      min + 0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      String(min),
      BigInt(min),
      true,
      {},
    ];
    for (const value of wrong) {
      expect(messageFor({ ...minimal, [option]: value })).toContain(
        `Expected \`${option}\` to be a whole number from ${min} to ${max}, got `,
      );
    }
  });

  it.each<[string, unknown, string]>([
    [
      'kinesisEndpoint',
      'localhost:4566',
      'Expected `aws.kinesisEndpoint` to be an http(s) URL, got `localhost:4566` (string)',
    ],
    ['dynamodbEndpoint', 8000, 'Expected `aws.dynamodbEndpoint` to be an http(s) URL, got `8000` (number)'],
    ['region', 'Europe!', 'Expected `aws.region` to be a region name such as eu-west-1, got `Europe!` (string)'],
    [
      'endpoint',
      'http://x',
      'Unknown option `aws.endpoint`: known are region, kinesisEndpoint, dynamodbEndpoint, credentials',
    ],
  ])('aws.%s: %p', (option, value, problem) =>
    expect(messageFor({ ...minimal, aws: { [option]: value } })).toContain(problem),
  );

  it.each<[string, unknown, string]>([
    ['text', 'AKIAsecret', 'string'],
    ['null', null, 'null'],
    ['keys without a secret', { accessKeyId: 'AKIAsecret' }, 'object'],
    ['keys that are no text', { accessKeyId: 1, secretAccessKey: 2 }, 'object'],
  ])('aws.credentials: %s, without showing them', (_, credentials, type) => {
    const message = messageFor({ ...minimal, aws: { credentials } });
    expect(message).toContain(
      `Expected \`aws.credentials\` to be { accessKeyId, secretAccessKey, sessionToken? } or a function that gives them, got a value of type ${type}`,
    );
    expect(message).not.toContain('secret`');
    expect(message).not.toContain('AKIA');
  });

  it('an unknown option, with those that are known', () => {
    expect(messageFor({ ...minimal, batchSize: 5 })).toContain(
      'Unknown option `batchSize`: known are name, stream, startFrom,',
    );
  });

  it.each([undefined, null, 'delays', () => minimal])('no options at all: %p', (options) => {
    expect(messageFor(options)).toMatch(
      /^Wrong consumer options: Expected an object of options, got .+\. Correct the named options\.$/,
    );
  });
});

describe('wrong options', () => {
  it('are all named at once, each on its line', () => {
    const aws = { region: 5, kinesisEndpoint: 'x', dynamodbEndpoint: 'y', credentials: 5, more: 1 };
    const tuning = Object.fromEntries(Object.keys(optionRanges).map((option) => [option, -1]));
    const message = messageFor({
      name: '',
      stream: '',
      startFrom: '',
      tableName: '',
      errorDetail: '',
      aws,
      ...tuning,
      extra: 1,
    });
    const named = [...message.matchAll(/^ {2}- (?:Expected|Unknown option) `([^`]+)`/gm)].map(([, option]) => option);
    const awsNames = ['region', 'kinesisEndpoint', 'dynamodbEndpoint', 'credentials', 'more'].map(
      (option) => `aws.${option}`,
    );
    const expected = [
      'name',
      'stream',
      'startFrom',
      'tableName',
      'errorDetail',
      ...Object.keys(optionRanges),
      ...awsNames,
      'extra',
    ];
    expect(named.sort()).toEqual(expected.sort());
    expect(message.split('\n').at(-1)).toBe('Correct the named options.');
  });

  it('are shown short, and never the inside of an object', () => {
    expect(messageFor({ ...minimal, name: '/'.repeat(5_000) }).length).toBeLessThan(300);
    expect(messageFor({ ...minimal, name: { password: 'hunter2' } })).not.toContain('hunter2');
    expect(messageFor({ ...minimal, name: () => 'hunter2' })).toContain('got a value of type function');
  });
});
