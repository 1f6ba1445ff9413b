import { defineConsumer, isConsumerDefinition } from '../../../src/handler/define-consumer';

describe('defineConsumer', () => {
  it('names a wrong handler together with every other wrong option', () => {
    const wrong = { name: '', stream: 'flights', startFrom: 'LATEST', pollIntervalMs: 5, handler: 'no' } as never;
    expect(() => defineConsumer(wrong)).toThrow(
      /`handler` to be a function, got string[\s\S]*`name`[\s\S]*`pollIntervalMs`/,
    );
  });

  it('gives a frozen definition that another copy of the package would recognise', () => {
    const handler = (): void => undefined;
    const consumer = defineConsumer({ name: 'c', stream: 'flights', startFrom: 'LATEST', handler });
    expect(Object.isFrozen(consumer)).toBe(true);
    expect(isConsumerDefinition(consumer)).toBe(true);
    expect(isConsumerDefinition({ options: consumer.options, handler })).toBe(false);
  });
});
