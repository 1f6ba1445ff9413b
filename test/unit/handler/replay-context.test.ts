import type { HandlerContext } from '../../../src/handler/handler';
import { runBatch } from '../../../src/handler/run-batch';
import { consumerOf, never, requestOf } from './support/runs';

describe('the handler', () => {
  it.each([
    ['real', { replay: true, dryRun: false }],
    ['dry', { replay: true, dryRun: true }],
  ] as const)('is told of a %s replay', async (replay, facts) => {
    const contexts: HandlerContext[] = [];
    const definition = consumerOf((_, context) => void contexts.push(context));
    await runBatch(definition, requestOf(['a'], { replay }), never());
    expect(contexts).toMatchObject([facts]);
  });
});
