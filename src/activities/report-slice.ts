import { ApplicationFailure } from '@temporalio/activity';
import { codeOf } from '../core/errors';
import type { HandlerFailure, SliceInput, SliceResult } from '../core/shard-work';
import { sliceBegunChannel, sliceEndedChannel, type SliceBegunMessage, type SliceEndedMessage } from './diagnostics';

/** Runs a slice, and tells that it begins and how it ends. */
export async function reportSlice(input: SliceInput, run: () => Promise<SliceResult>): Promise<SliceResult> {
  const { shard, progress } = input;
  sliceBegunChannel.publish({ shard, progress } satisfies SliceBegunMessage);
  try {
    const result = await run();
    sliceEndedChannel.publish({ shard, end: result.end } satisfies SliceEndedMessage);
    return result;
  } catch (error) {
    sliceEndedChannel.publish({ shard, ...describeFailure(error) } satisfies SliceEndedMessage);
    throw error;
  }
}

export function describeFailure(error: unknown): Omit<SliceEndedMessage, 'shard'> {
  if (error instanceof ApplicationFailure && error.type === 'PAUSED') return { end: 'paused' };
  const code = codeOf(error) ?? 'INTERNAL';
  const isTelling = code === 'HANDLER_FAILED' || code === 'DATA_LOST';
  if (!(error instanceof ApplicationFailure) || !isTelling) return { code };
  const [{ retryAfterMs, halt } = {}] = (error.details ?? []) as Partial<HandlerFailure>[];
  return { code, retryAfterMs, halt };
}
