import { resolveFanOut } from '../../../src/core/fan-out-options';
import { resolveOptions } from '../../../src/core/resolve-options';

const ARN = 'arn:aws:kinesis:eu-west-1:111122223333:stream/flights/consumer/delays:1700000000';

function resolve(given: unknown): { resolved: unknown; problems: string[] } {
  const problems: string[] = [];
  return { resolved: resolveFanOut(given, 'delays', problems), problems };
}

it('is off unless it is asked for', () => {
  expect(resolve(undefined)).toEqual({ resolved: undefined, problems: [] });
  expect(resolveOptions({ name: 'delays', stream: 'flights', startFrom: 'LATEST' })).not.toHaveProperty('fanOut');
});

it('has the consumer’s name, registers, and polls while there is no stream consumer', () => {
  const expected = { consumerName: 'delays', lifecycle: 'managed', whenGone: 'poll' };
  expect(resolve({})).toEqual({ resolved: expected, problems: [] });
  const options = resolveOptions({ name: 'delays', stream: 'flights', startFrom: 'LATEST', fanOut: {} });
  expect(options.fanOut).toEqual(expected);
});

it('with an ARN only looks up', () => {
  expect(resolve({ consumerArn: ARN }).resolved).toMatchObject({ lifecycle: 'existing', consumerArn: ARN });
});

it.each([
  [true, 'Expected `fanOut` to be an object'],
  [[], 'Expected `fanOut` to be an object'],
  [{ name: 'x' }, 'Unknown option `fanOut.name`'],
  [{ consumerName: '' }, 'Expected `fanOut.consumerName`'],
  [{ consumerArn: 'arn:aws:kinesis:eu-west-1:111122223333:stream/flights' }, 'Expected `fanOut.consumerArn`'],
  [{ consumerArn: ARN, lifecycle: 'managed' }, "Expected `fanOut.lifecycle` to be 'existing' with"],
  [{ lifecycle: 'mine' }, "Expected `fanOut.lifecycle` to be 'managed' or 'existing'"],
  [{ whenGone: 'fail' }, "Expected `fanOut.whenGone` to be 'poll' or 'wait'"],
])('refuses %p', (given, problem) => {
  expect(resolve(given).problems).toEqual([expect.stringContaining(problem)]);
});
