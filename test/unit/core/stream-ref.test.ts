import { parseStream } from '../../../src/core/stream-ref';

const arn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/flights';

describe('parseStream', () => {
  it.each(['flights', 'a', 'a.b_c-D9', 'x'.repeat(128)])('takes the name %s', (stream) =>
    expect(parseStream(stream)).toEqual({ streamName: stream }),
  );

  it.each([
    [arn, 'eu-west-1'],
    ['arn:aws-cn:kinesis:cn-north-1:123456789012:stream/flights', 'cn-north-1'],
    ['arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:stream/flights', 'us-gov-west-1'],
  ])('takes the ARN %s apart', (stream, region) =>
    expect(parseStream(stream)).toEqual({ streamName: 'flights', streamArn: stream, region }),
  );

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a number', 5],
    ['an empty name', ''],
    ['a name too long', 'x'.repeat(129)],
    ['a name with a space', 'my stream'],
    ['a name with a line break', 'flights\n'],
    ['an ARN of another service', arn.replace('kinesis', 'dynamodb')],
    ['an ARN of a consumer', `${arn}/consumer/c:1`],
    ['an ARN without account', 'arn:aws:kinesis:eu-west-1::stream/flights'],
    ['an ARN without region', 'arn:aws:kinesis::123456789012:stream/flights'],
    ['an ARN without name', 'arn:aws:kinesis:eu-west-1:123456789012:stream/'],
  ])('refuses %s', (_, stream) => expect(parseStream(stream)).toBeUndefined());
});
