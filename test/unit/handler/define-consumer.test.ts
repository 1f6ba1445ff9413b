import { defineConsumer, isConsumerDefinition, type ConsumerInput } from '../../../src/handler/define-consumer';

const INPUT: ConsumerInput = {
  name: 'delays',
  stream: 'flights',
  startFrom: 'TRIM_HORIZON',
  handler: () => undefined,
};

function refusal(input: unknown): { code?: unknown; message: string } {
  try {
    defineConsumer(input as ConsumerInput);
  } catch (error) {
    return error as Error;
  }
  throw new Error('The consumer was accepted');
}

it('checks and completes the options', () => {
  const { options, handler } = defineConsumer({ ...INPUT, maxBatchRecords: 7 });
  expect(options).toMatchObject({
    name: 'delays',
    streamName: 'flights',
    maxBatchRecords: 7,
    historyIntervalMs: 10_000,
  });
  expect(handler).toBe(INPUT.handler);
});

it('keeps its schema, filter and hook, and has none that were not given', () => {
  const schema = { '~standard': { version: 1 as const, vendor: 'v', validate: (value: unknown) => ({ value }) } };
  // A schema of arktype is a function.
  const callable = Object.assign(() => undefined, schema);
  const parts = { filter: () => true, traceContext: () => undefined, onDeadLetter: () => undefined };
  expect(defineConsumer({ ...INPUT, ...parts, schema })).toMatchObject({ ...parts, schema });
  expect(defineConsumer({ ...INPUT, schema: callable }).schema).toBe(callable);
  expect(Object.keys(defineConsumer(INPUT))).toEqual(['options', 'handler']);
});

it('does not change afterwards: a shard must not see one value now and another later', () => {
  'use strict';
  const consumer = defineConsumer(INPUT);
  expect(() => Object.assign(consumer, { handler: () => undefined })).toThrow(TypeError);
  expect(() => Object.assign(consumer.options, { maxBatchRecords: 9 })).toThrow(TypeError);
  expect(Object.isFrozen(INPUT)).toBe(false);
});

describe('a wrong consumer', () => {
  it.each([
    [undefined, 'got nothing'],
    [null, 'got `null`'],
    ['handle', 'got `handle` (string)'],
    [{ handler: () => undefined }, 'got a value of type object'],
  ])('with %p for a handler is refused', (handler, got) => {
    const { code, message } = refusal({ ...INPUT, handler });
    expect(code).toBe('INVALID_OPTION');
    expect(message).toContain(`Expected \`handler\` to be a function, ${got}`);
  });

  it('is told everything that is wrong at once, the handler with the options', () => {
    const { message } = refusal({ name: 'a b', stream: 'flights', maxBatchRecords: 0, handlr: () => undefined });
    for (const named of ['`handler`', '`name`', '`startFrom`', '`maxBatchRecords`', '`handlr`'])
      expect(message).toContain(named);
  });

  it.each([
    ['schema', null],
    ['schema', { parse: () => 1 }],
    ['schema', { '~standard': { version: 2, validate: () => ({ value: 1 }) } }],
    ['schema', { '~standard': { version: 1 } }],
    ['schema', () => true],
    ['filter', 'yes'],
    ['filter', null],
    ['traceContext', 'traceparent'],
    ['onDeadLetter', {}],
  ])('with a %s of %p is refused', (name, value) => {
    expect(refusal({ ...INPUT, [name]: value }).message).toContain(`Expected \`${name}\` to be `);
  });

  it.each([undefined, null, 'flights', 7, []])('that is %p is refused with what is missing', (input) => {
    const { code, message } = refusal(input);
    expect(code).toBe('INVALID_OPTION');
    for (const named of ['`handler`', '`name`', '`stream`', '`startFrom`']) expect(message).toContain(named);
  });
});

describe('what defineConsumer made', () => {
  it('is recognised, also when another copy of the package made it', () => {
    let other: unknown;
    jest.isolateModules(() => {
      const copy = jest.requireActual<{ defineConsumer: typeof defineConsumer }>(
        '../../../src/handler/define-consumer',
      );
      expect(copy.defineConsumer).not.toBe(defineConsumer);
      other = copy.defineConsumer(INPUT);
    });
    expect([defineConsumer(INPUT), other].map(isConsumerDefinition)).toEqual([true, true]);
  });

  it.each([undefined, null, 'x', () => undefined, {}, INPUT, { ...defineConsumer(INPUT).options }])(
    'is not %p',
    (value) => {
      expect(isConsumerDefinition(value)).toBe(false);
    },
  );
});
