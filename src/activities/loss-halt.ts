import { ApplicationFailure } from '@temporalio/activity';
import { describeLoss } from '../core/failure-step-text';
import type { LossHalt } from '../core/halt';
import type { DataLoss } from '../core/read-start';
import type { LossFailure, SliceInput, SliceResult } from '../core/shard-work';
import type { CheckpointHold } from './checkpoint-hold';

/** The failure by which an activity ends that must not read on behind lost records: the shard parks. */
export function haltedByLoss(
  hold: CheckpointHold,
  loss: DataLoss,
  { streak }: Pick<SliceInput, 'streak'>,
  summary: Omit<SliceResult, 'end'>,
): ApplicationFailure {
  const message = `The shard is parked before ${describeLoss(loss)}`;
  const halt: LossHalt = { how: 'park', loss, sinceMs: hold.now };
  const { streak: _none, ...told } = summary;
  const details: LossFailure = {
    ...told,
    ...(streak ? { streak } : {}),
    checkpoint: hold.checkpoint,
    retryAfterMs: 0,
    error: { code: 'DATA_LOST', message, atMs: hold.now },
    halt,
  };
  return ApplicationFailure.create({ type: 'DATA_LOST', message, nonRetryable: true, details: [details] });
}
