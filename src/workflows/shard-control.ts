/** How a shard workflow obeys its operators: pause, resume and moves of the checkpoint. Deterministic; decisions are in core. */
import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import {
  acceptMove,
  firstEndOf,
  goesBack,
  refuseDirection,
  refuseMoveRequest,
  refusePause,
  refuseUnnamed,
  type Move,
  type MoveRequest,
  type PauseRequest,
  type Refusal,
  type ResumeRequest,
} from '../core/control';
import {
  dispatchWrite,
  foldClaim,
  foldMove,
  foldPaused,
  foldPauseRequest,
  foldPausesOver,
  foldResume,
  type ShardState,
} from '../core/shard-state';
import type { ShardStatus, ShardWorkflowInput } from '../core/shard-work';
import { activitiesWith } from './activity-proxies';
import { moveCheckpointUpdate, pauseShardUpdate, reject, resumeShardUpdate } from './messages';

/** A run of a shard workflow as its operators' orders see it. */
export interface ControlledShard {
  state: ShardState;
  readonly input: ShardWorkflowInput;
  readonly isEnding: boolean;
  readonly isOver: boolean;
  /** Something else is to be done than to go on waiting. */
  readonly isWoken: boolean;
  /** Ends the running activity at its next commit. */
  interrupt(): void;
  status(): ShardStatus;
  show(): void;
}

/** The orders of one run. An order is accepted by its handler, carried out by the loop of the workflow, and answered by its handler. */
export class ShardControl {
  /** Why the last move was not made. */
  private refused: { readonly id: string; readonly refusal: Refusal } | undefined;

  constructor(private readonly shard: ControlledShard) {
    setHandler(pauseShardUpdate, (request) => this.pause(request), {
      description: 'Stops reading at the next commit until it is resumed',
      validator: (request: PauseRequest) => reject(refusePause(request, Date.now())),
    });
    setHandler(resumeShardUpdate, (request) => this.resume(request), {
      description: 'Goes on reading',
      validator: (request: ResumeRequest) => reject(refuseUnnamed(request)),
    });
    setHandler(moveCheckpointUpdate, (request) => this.move(request), {
      description: 'Moves the checkpoint: back to handle records again, or forward to leave some out',
      validator: (request: MoveRequest) =>
        reject(refuseMoveRequest(request, { move: this.shard.state.move, isEnding: this.shard.isEnding })),
    });
  }

  /** Until it is resumed, a time is over, or something else is to be done. */
  async waitPaused(): Promise<void> {
    const { shard } = this;
    shard.state = foldPaused(shard.state);
    shard.show();
    const { pauses = {} } = shard.state;
    const isWoken = (): boolean => shard.isWoken || shard.state.pauses !== pauses || shard.state.move !== undefined;
    const endMs = firstEndOf(pauses);
    if (endMs === undefined) await condition(isWoken);
    else if (!(await condition(isWoken, Math.max(1, endMs - Date.now()))))
      shard.state = foldPausesOver(shard.state, Math.max(endMs, Date.now()));
  }

  /** One step towards the move: a claim, or the move itself. The direction is checked now that the shard stands still. */
  async carryOut(move: Move): Promise<void> {
    const { shard } = this;
    const { position, rewindId } = shard.state.belief;
    // Looked at again after every claim: a checkpoint that was found elsewhere may make a way back a way forward.
    const { progress: known, lastMove } = shard.state;
    const refusal = refuseDirection(move, { position, lastArrivalMs: known.lastArrivalMs, lastMove });
    if (refusal && rewindId !== move.id) return this.drop(move, refusal);
    // A slice that broke off may have committed more than it told of: a claim shows it. Once the move is in the table, what was noted stays.
    const from = (rewindId === move.id ? move.from : undefined) ?? position;
    const ordered = { ...move, from, isBack: move.isBack ?? goesBack(move.kind, lastMove) };
    shard.state = { ...shard.state, move: ordered };
    shard.state = dispatchWrite(shard.state);
    const { parentShardIds, shard: identity } = shard.input;
    const { timing, belief, progress, activitySeq } = shard.state;
    const input = { shard: identity, parentShardIds, belief, progress, activitySeq };
    if (belief.needClaim) {
      const claimed = await activitiesWith(timing, `Claim before a ${move.kind}`).claimCheckpoint(input);
      shard.state = foldClaim(shard.state, claimed);
      return;
    }
    const summary = `${move.kind[0]?.toUpperCase()}${move.kind.slice(1)}, by ${move.by}`;
    const result = await activitiesWith(timing, summary).moveCheckpoint({ ...input, move: ordered });
    shard.state = foldMove(shard.state, ordered, result);
    if (result.outcome === 'superseded')
      this.refused = { id: move.id, refusal: { code: 'MOVE_REFUSED', message: 'A later move has come first' } };
  }

  private drop({ id }: Move, refusal: Refusal): void {
    this.refused = { id, refusal };
    this.shard.state = { ...this.shard.state, move: undefined };
  }

  /** Answers once nothing of the shard runs any more. */
  private async pause(request: PauseRequest): Promise<ShardStatus> {
    const { shard } = this;
    shard.state = foldPauseRequest(shard.state, { ...request, atMs: Date.now() });
    const { scope } = request;
    const asked = shard.state.pauses?.[scope];
    if (shard.state.phase !== 'PAUSED') shard.interrupt();
    await condition(() => shard.state.phase === 'PAUSED' || shard.state.pauses?.[scope] !== asked || shard.isOver);
    return shard.status();
  }

  private resume(request: ResumeRequest): ShardStatus {
    this.shard.state = foldResume(this.shard.state, request, Date.now());
    this.shard.show();
    return this.shard.status();
  }

  private async move(request: MoveRequest): Promise<ShardStatus> {
    const { shard } = this;
    // A retried order whose answer was lost.
    if (shard.state.lastMove?.id === request.id) return shard.status();
    shard.state = { ...shard.state, move: acceptMove(request, shard.state.belief.generation) };
    shard.interrupt();
    await condition(() => shard.state.move?.id !== request.id || shard.isOver);
    if (shard.state.lastMove?.id === request.id) return shard.status();
    const { refused } = this;
    if (refused?.id === request.id)
      throw ApplicationFailure.nonRetryable(refused.refusal.message, refused.refusal.code);
    const what = 'The shard ended before it told whether its checkpoint was moved: see status and history';
    throw ApplicationFailure.nonRetryable(what, 'MOVE_REFUSED');
  }
}
