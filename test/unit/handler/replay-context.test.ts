import type { HandlerContext } from '../../../src/handler/handler';
import { runBatch } from '../../../src/handler/run-batch';
import { consumerOf, never, requestOf } from './support/runs';

describe('the handler', () => {
  it.each([
    [undefined, { replay: false, dryRun: false }],
    ['real', { replay: true, dryRun: false }],
    ['dry', { replay: true, dryRun: true }],
  ] as const)('is told of a replay: %s', async (replay, facts) => {
    const contexts: HandlerContext[] = [];
    const definition = consumerOf((_, context) => void contexts.push(context));
    await runBatch(definition, requestOf(['a'], { replay }), never());
    const { signal: _signal, ...told } = contexts[0] as HandlerContext;
    expect(told).toEqual({ consumer: 'delays', attempt: 1, fence: 3, redrive: false, holdsKeys: false, ...facts });
  });
});
