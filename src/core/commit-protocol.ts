/**
 * The decisions of the commit protocol, without any I/O. It was model-checked; docs/commit-protocol.md states it and
 * names the hole that each rule closes.
 */
import type { CheckpointRow, CheckpointState, Writer } from './checkpoint';
import { comparePositions, type Position } from './positions';

/** What a workflow believes about its shard's checkpoint, carried from slice to slice. */
export interface Belief {
  readonly position: Position;
  readonly generation: number;
  readonly token?: string;
  /** Run in which `token` was obtained. */
  readonly tokenRunId?: string;
  readonly rewindId?: string;
  /** See `CheckpointState.fence`. */
  readonly fence?: number;
  readonly needClaim: boolean;
}

export function initialBelief(position: Position): Belief {
  return { position, generation: 0, needClaim: true };
}

/**
 * Whether an execution may commit on the token in its input without claiming first.
 * Only the first attempt that follows a completed activity of the same run may: a retry may have been overtaken, and after a
 * reset another run may have moved on from the token (hole C9). The run id comes from the activity's context, because
 * workflow code does not see a reset.
 */
export function trustsToken(belief: Belief, contextRunId: string, attempt: number): boolean {
  return attempt === 1 && !belief.needClaim && belief.token !== undefined && belief.tokenRunId === contextRunId;
}

export type ClaimPlan =
  | { readonly kind: 'create'; readonly next: Omit<CheckpointState, 'token'> }
  | {
      readonly kind: 'takeOver';
      readonly next: Omit<CheckpointState, 'token'>;
      readonly ifToken: string;
      readonly adopted: Adoption;
    }
  | { readonly kind: 'stale' };

/** How the row differed from what the workflow believed: `none`, the row was ahead, or the row was behind (restored or reset). */
export type Adoption = 'none' | 'row' | 'input';

/** How a row differed from the last token that the workflow has heard of; a workflow that has none yet expects nothing. */
export type MirrorDrift = 'ahead' | 'behind' | 'missing';

/** `ahead`: commits of an execution that did not live to tell. `behind`, `missing`: the row was restored, changed or deleted outside of the protocol. */
export function driftOf(adopted: Adoption | 'created', { token }: Pick<Belief, 'token'>): MirrorDrift | undefined {
  if (token === undefined || adopted === 'none') return undefined;
  return adopted === 'created' ? 'missing' : adopted === 'row' ? 'ahead' : 'behind';
}

/** What a claim does about the row it has read. Only a claim may create a row. */
export function planClaim(belief: Belief, row: CheckpointRow | undefined, me: Writer): ClaimPlan {
  if (row === undefined) return { kind: 'create', next: withoutToken(belief) };
  if (isLaterWriter(row.writer, me)) return { kind: 'stale' };
  const order = compareCheckpoints(row, belief);
  const winner = order > 0 ? row : belief;
  return {
    kind: 'takeOver',
    next: withoutToken(winner),
    ifToken: row.token,
    adopted: order === 0 ? 'none' : order > 0 ? 'row' : 'input',
  };
}

/** Higher generation first, then larger position: who is right when Temporal and DynamoDB differ. */
export function compareCheckpoints(
  a: Pick<CheckpointState, 'position' | 'generation'>,
  b: Pick<CheckpointState, 'position' | 'generation'>,
): number {
  return a.generation - b.generation || comparePositions(a.position, b.position);
}

/** An operator's order to put the checkpoint elsewhere, backwards too. */
export interface OrderedMove {
  readonly id: string;
  readonly to: Position;
  /** Unique among all orders, and larger than what the workflow knew when it accepted this one. */
  readonly generation: number;
}

export type MovePlan =
  | { readonly kind: 'write'; readonly next: Omit<CheckpointState, 'token'>; readonly ifToken: string }
  /** `applied`: by an earlier attempt. `superseded`: by a later move. Either way the row is what counts. */
  | { readonly kind: 'applied' | 'superseded'; readonly row: CheckpointRow }
  | { readonly kind: 'fenced' };

/**
 * What an attempt to move the checkpoint does about the row it has read. Conditional on the token of the input, never on that of the
 * row it finds (a zombie would apply it again: hole C7), and it never creates a row (C5).
 */
export function planMove(
  { id, to, generation }: OrderedMove,
  inputToken: string | undefined,
  row: CheckpointRow | undefined,
): MovePlan {
  if (row === undefined) return { kind: 'fenced' };
  if (row.rewindId === id) return { kind: 'applied', row };
  if (row.generation >= generation) return { kind: 'superseded', row };
  if (inputToken === undefined || row.token !== inputToken) return { kind: 'fenced' };
  const fence = row.fence === undefined ? {} : { fence: row.fence };
  return { kind: 'write', next: { position: to, generation, rewindId: id, ...fence }, ifToken: inputToken };
}

function isLaterWriter(writer: Writer, me: Writer): boolean {
  if (writer.runId !== me.runId) return false;
  return writer.activitySeq > me.activitySeq || (writer.activitySeq === me.activitySeq && writer.attempt > me.attempt);
}

function withoutToken({
  position,
  generation,
  rewindId,
}: Omit<CheckpointState, 'token'>): Omit<CheckpointState, 'token'> {
  return rewindId === undefined ? { position, generation } : { position, generation, rewindId };
}

/** What a refused conditional write means: our own write whose answer was lost, or somebody else's row (or none). */
export function judgeRefusal(row: { token: string } | undefined, mintedToken: string): 'ownLostReply' | 'fenced' {
  return row?.token === mintedToken ? 'ownLostReply' : 'fenced';
}

/** How a slice ended, as far as the checkpoint is concerned. */
export type CheckpointOutcome =
  { readonly kind: 'ok'; readonly checkpoint: CheckpointState; readonly runId: string } | { readonly kind: 'fenced' };

/** The workflow's fold: the returned state is the truth; a fenced or failed activity only leaves a claim to be made. */
export function foldOutcome(belief: Belief, outcome: CheckpointOutcome): Belief {
  if (outcome.kind === 'fenced') return { ...belief, needClaim: true };
  return { ...outcome.checkpoint, tokenRunId: outcome.runId, needClaim: false };
}
