import type { FailurePolicy, FailureStreak } from '../core/failure-policy';
import type { RecordError } from '../core/outcome';
import { nameOfRecord } from '../core/record-name';
import type { GivenUp } from '../core/settlement';
import { chooseSpan } from '../core/span';
import type { BatchSource } from './batch-source';
import type { ParkedKeys } from './parked-keys';
import { Span, type BatchOffer } from './span';

export interface SpanChooserWorld {
  readonly source: Pick<BatchSource, 'putBack'>;
  readonly parked: ParkedKeys;
}

/** Which records of a batch are dealt with together: by what is under suspicion, what was learnt so far, and the room for parked keys. */
export class SpanChooser {
  /** Records that can never succeed, by name, found in company: they are settled alone. */
  readonly rejections = new Map<string, RecordError>();
  /** Records that stopped the checkpoint while the handler's effects went beyond them: the effects of a span must end before. */
  readonly borders = new Set<string>();
  /** Most records whose effects fit one transaction, as far as is known. */
  maxOffered = Infinity;

  constructor(
    private readonly world: SpanChooserWorld,
    private readonly policy: FailurePolicy,
  ) {}

  /** The beginning of what is offered; the rest is put back. */
  choose(offer: BatchOffer, streak: FailureStreak | undefined): Span {
    const { records } = offer;
    if (streak === undefined && this.isUnmarked && records.length <= this.maxOffered) return Span.whole(offer);
    const choice = chooseSpan(records.map(nameOfRecord), {
      streak,
      maxOffered: this.maxOffered,
      standsAlone: (name) => this.rejections.has(name),
      beginsSpan: (name) => this.borders.has(name),
    });
    const isParked = (partitionKey: string): boolean => this.world.parked.has(partitionKey);
    const whole = new Span(offer, choice, isParked);
    const length = this.roomBefore(whole) || choice.length;
    this.world.source.putBack(records.slice(length));
    const offered = choice.offered.filter((index) => index < length);
    return length === choice.length ? whole : new Span(offer, { length, offered }, isParked);
  }

  /** Nothing is known that would set one record apart from another. */
  private get isUnmarked(): boolean {
    return this.rejections.size === 0 && this.borders.size === 0 && this.world.parked.size === 0;
  }

  /** Index of the first record whose key is parked and that there is no room for; undefined if there is room. */
  roomBefore({ diverted }: Span): number | undefined {
    return diverted[this.world.parked.roomFor(this.policy)];
  }

  /** Where there is no room for records that were given up, the shard is parked instead of their keys. */
  policyFor(span: Span, givenUp: readonly GivenUp[]): FailurePolicy {
    const { policy } = this;
    const keys = givenUp.map(({ index }) => span.records[index]?.partitionKey ?? '');
    return this.world.parked.hasRoom(policy, keys) ? policy : { ...policy, parkBy: 'shard' };
  }
}
