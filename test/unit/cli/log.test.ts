import type { LogEntry } from '@temporalio/worker';
import { createLogger, formatEntry } from '../../../src/cli/log';

function written(act: () => void): string[] {
  const lines: string[] = [];
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  act();
  write.mockRestore();
  return lines.map((line) => line.replace(/^[\d:]{8} /, ''));
}

describe('the log of the command line', () => {
  it('leaves out what the SDK says of itself, unless asked for detail', () => {
    const say = (level: 'info' | 'debug'): string[] =>
      written(() => {
        const logger = createLogger(level);
        logger.info('Worker state changed', { sdkComponent: 'worker' });
        logger.warn('Poll failed', { sdkComponent: 'core' });
        logger.info('Reading 2 shards');
        logger.debug('detail');
      });
    expect(say('info')).toEqual(['WARN  Poll failed\n', 'INFO  Reading 2 shards\n']);
    expect(say('debug')).toHaveLength(4);
  });

  it('shows where and why on one line, and nothing else that a message carries', () => {
    const entry: LogEntry = {
      level: 'WARN',
      timestampNanos: BigInt(Date.parse('2026-01-01T12:00:01Z')) * 1_000_000n,
      message: 'Activity failed',
      meta: {
        workflowId: 'tidemark/c/s@1/shardId-0',
        activityType: 'processBatches',
        attempt: 1,
        args: ['canary'],
        error: new Error('The handler failed'),
      },
    };
    expect(formatEntry(entry)).toBe(
      '12:00:01 WARN  Activity failed (workflowId tidemark/c/s@1/shardId-0, activityType processBatches): The handler failed',
    );
    expect(formatEntry({ ...entry, meta: { attempt: 3 } })).toBe('12:00:01 WARN  Activity failed (attempt 3)');
  });
});
