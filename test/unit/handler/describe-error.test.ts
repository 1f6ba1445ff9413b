import { AssertionError } from 'node:assert';

import { TidemarkError } from '../../../src/core/errors';
import { describeHandlerError, tidemarkCodeOf } from '../../../src/handler/describe-error';

function hidden(error: unknown): string {
  return describeHandlerError(error, 'code');
}

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

class UploadError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UploadError';
  }
}

const FRAME_LIKE = '\n    at canary (/srv/canary.js:1:1)\n    at canary.canary (/srv/canary.js:2:2)';

/** An error whose fields were changed after it was made. */
function changed(message: string, change: Record<string, unknown>): Error {
  return Object.assign(new Error(message), change);
}

const canaries: [string, unknown][] = [
  ['a message', new Error('canary')],
  ['a message of many lines', new Error('canary\ncanary')],
  ['lines of a message that look like frames', new Error(`canary${FRAME_LIKE}`)],
  ['a message that begins with a frame', new Error(`${FRAME_LIKE.trim()}\ncanary`)],
  ['a message that was emptied', changed(`x${FRAME_LIKE}`, { message: '' })],
  ['a message that was cut', changed(`Failed${FRAME_LIKE}!`, { message: 'Failed:' })],
  ['a message that was replaced', changed(`x${FRAME_LIKE}`, { message: 'something else' })],
  ['a message that was made an object', changed('canary', { message: { toString: () => 'canary' } })],
  ['a JSON text', thrown(() => JSON.parse('{"a": canary}'))],
  ['a name', changed('x', { name: 'canary is not a name' })],
  ['a name of many lines', changed('x', { name: `x${FRAME_LIKE}` })],
  ['a code', changed('x', { code: 'canary is not a code' })],
  ['a code that is an object', changed('x', { code: { canary: true } })],
  ['a stack', changed('x', { stack: `Error: canary${FRAME_LIKE}` })],
  ['a stack that is an object', changed('x', { stack: { canary: true } })],
  ['a cause', new Error('x', { cause: new Error('canary') })],
  ['many errors', new AggregateError([new Error('canary')], 'canary')],
  ['an assertion', new AssertionError({ actual: 'canary', expected: 'x', operator: 'strictEqual' })],
  ['a subclass', new UploadError(`canary${FRAME_LIKE}`)],
  ['a failed fetch', new TypeError('canary', { cause: { url: 'canary' } })],
  ['what only looks like an error of Tidemark', changed('canary', { name: 'TidemarkError', code: 'HANDLER_FAILED' })],
  ['what only looks like a failure of Temporal', changed('canary', { name: 'ApplicationFailure', type: 'INTERNAL' })],
  ['an object that looks like an error', { name: 'X', message: 'canary', stack: `X: canary${FRAME_LIKE}` }],
  ['a string', 'canary'],
  ['an object', { canary: 'canary' }],
  ['an array', ['canary']],
  ['a symbol', Symbol('canary')],
  ['a function', function canary() {}],
];

it.each(canaries)('hides the data in %s', (_, error) => {
  expect(hidden(error)).not.toContain('canary');
});

describe('what it says', () => {
  it('is the class, the code and where', () => {
    const error = thrown(() => {
      throw Object.assign(new RangeError('secret'), { code: 'E_RANGE' });
    });
    expect(hidden(error)).toMatch(/^RangeError \(E_RANGE\) at .*describe-error\.test\.ts:\d+:\d+\)?/);
  });

  it('is the name that a class gives itself', () => {
    expect(hidden(new UploadError('secret'))).toMatch(/^UploadError at /);
  });

  it.each(['', 'r', 'Error', 'Error: ', 'at', '\n', '$&', 'a\n\nb', '('])(
    'is the frames for the message %j, too',
    (message) => {
      expect(hidden(new Error(message))).toMatch(/^Error at .*describe-error\.test\.ts/);
    },
  );

  it('is at most five frames', () => {
    const deep = (depth: number): never => {
      if (depth === 0) throw new Error('secret');
      return deep(depth - 1);
    };
    expect(hidden(thrown(() => deep(20))).match(/ at /g)).toHaveLength(5);
  });

  it('is the whole text of Tidemark’s own errors', () => {
    const error = new TidemarkError('HANDLER_TIMEOUT', 'The handler took longer than 5 ms');
    expect(hidden(error)).toBe(`HANDLER_TIMEOUT: ${error.message}`);
  });

  it.each([
    [undefined, 'a thrown undefined'],
    [null, 'a thrown null'],
    [7, 'a thrown number'],
    [{}, 'a thrown object'],
    ['x', 'a thrown string'],
  ])('of %p is its type', (error, expected) => {
    expect(hidden(error)).toBe(expected);
  });
});

describe('with the message', () => {
  const shown = (error: unknown): string => describeHandlerError(error, 'message');

  it('is the text on one line, without characters that could forge a line or command a terminal', () => {
    const text = shown(new Error('a\nb\r\u001b[31mc\u009bd\u2028e\u0000f'));
    expect(text).toMatch(/^Error: a b {2}\[31mc d e f at /);
  });

  it('is the text of a thrown string', () => {
    expect(shown('not enough\nfuel')).toBe('a thrown string: not enough fuel');
  });

  it('is cut', () => {
    const text = shown(new Error('x'.repeat(10_000_000)));
    expect(text.length).toBeLessThan(3_000);
  });
});

it('is quick and short with a huge message and a huge name', () => {
  const startedAt = performance.now();
  const text = hidden(Object.assign(new Error('x'.repeat(20_000_000)), { name: 'N'.repeat(1_000_000) }));
  expect(text.length).toBeLessThan(2_000);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

const throwing = (): never => {
  throw new Error('canary');
};

it.each([
  ['name', Object.defineProperty(new Error('x'), 'name', { get: throwing })],
  ['message', Object.defineProperty(new Error('x'), 'message', { get: throwing })],
  ['stack', Object.defineProperty(new Error('x'), 'stack', { get: throwing })],
  ['code', Object.defineProperty(new Error('x'), 'code', { get: throwing })],
  ['everything', new Proxy({}, { get: throwing, has: throwing, getPrototypeOf: throwing })],
  ['a revoked proxy', revoked()],
])('never throws: %s that cannot be read', (_, error) => {
  expect(hidden(error)).toBe('a thrown value that cannot be read');
  expect(describeHandlerError(error, 'message')).toBe('a thrown value that cannot be read');
  expect(tidemarkCodeOf(error)).toBeUndefined();
});

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
