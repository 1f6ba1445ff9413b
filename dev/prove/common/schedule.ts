import type { Random } from '../random';

export type KillSignal = 'SIGKILL' | 'SIGTERM' | 'SIGSTOP';

/** Something that goes wrong, decided before the run; fractions in [0, 1) choose among what there is at that time. */
export type Fault =
  | {
      readonly kind: 'kill';
      readonly signal: KillSignal;
      readonly delayMs: number;
      readonly victim: number;
      readonly pauseMs: number;
    }
  | {
      readonly kind: 'reshard';
      readonly delayMs: number;
      readonly prefers: 'split' | 'merge';
      readonly choice: number;
      /** Where a split cuts the hash range. */
      readonly cut: number;
    }
  | Order;

/** What an operator may order in the middle of everything. */
export const ORDERS = ['pause', 'pauseShard', 'rewind', 'rewindAndUndo', 'skipAndUndo', 'restore'] as const;
export type OrderKind = (typeof ORDERS)[number];

export interface Order {
  readonly kind: 'order';
  readonly order: OrderKind;
  readonly delayMs: number;
  readonly choice: number;
  /** How long a pause lasts. */
  readonly pauseMs: number;
}

/** Faults that begin within a short time of each other; then renewed progress is awaited. */
export type Step = readonly Fault[];

export interface ScheduleOptions {
  /** One for each kill, in any order. */
  readonly signals: readonly KillSignal[];
  readonly reshards: number;
  /** Orders of an operator. Default: none. */
  readonly orders?: number;
  /** A frozen worker sleeps for at least this long. */
  readonly heartbeatTimeoutMs: number;
  /** Kills of one step: fewer than there are workers, so that one goes on. */
  readonly maxKillsAtOnce: number;
}

const SIGNALS: readonly KillSignal[] = ['SIGKILL', 'SIGSTOP', 'SIGTERM'];

/** A third of each kind or so. */
export function mixedSignals(count: number): KillSignal[] {
  return Array.from({ length: count }, (_, index) => SIGNALS[index % SIGNALS.length] as KillSignal);
}

const TOGETHER = 0.3;
const MAX_DELAY_MS = 2_000;

/** The same seed gives the same faults in the same order. */
export function createSchedule(random: Random, options: ScheduleOptions): Step[] {
  const kills = options.signals.map((signal) => createKill(random, signal, options));
  const reshards = Array.from({ length: options.reshards }, (_, index) => createReshard(random, index));
  const orders = Array.from({ length: options.orders ?? 0 }, (_, index) => createOrder(random, index));
  const steps: Fault[][] = [];
  for (const fault of random.shuffle<Fault>([...kills, ...reshards, ...orders])) {
    const step = steps.at(-1);
    if (step && random.chance(TOGETHER) && mayJoin(step, fault, options)) step.push(fault);
    else steps.push([fault]);
  }
  return steps;
}

function createKill(random: Random, signal: KillSignal, { heartbeatTimeoutMs }: ScheduleOptions): Fault {
  const pauseMs = signal === 'SIGSTOP' ? heartbeatTimeoutMs + random.int(500, 4_000) : random.int(100, 3_000);
  return { kind: 'kill', signal, delayMs: random.int(0, MAX_DELAY_MS), victim: random.next(), pauseMs };
}

function createReshard(random: Random, index: number): Fault {
  const prefers = index % 2 === 0 ? 'split' : 'merge';
  const cut = 0.25 + random.next() / 2;
  return { kind: 'reshard', delayMs: random.int(0, MAX_DELAY_MS), prefers, choice: random.next(), cut };
}

function createOrder(random: Random, index: number): Order {
  const order = ORDERS[index % ORDERS.length] as OrderKind;
  return {
    kind: 'order',
    order,
    delayMs: random.int(0, MAX_DELAY_MS),
    choice: random.next(),
    pauseMs: random.int(0, 1_500),
  };
}

/** One order at a time, as of one operator. One reshard at a time: a stream that is being changed refuses another change. */
function mayJoin(step: Step, fault: Fault, { maxKillsAtOnce }: ScheduleOptions): boolean {
  const ofKind = step.filter(({ kind }) => kind === fault.kind).length;
  return fault.kind === 'kill' ? ofKind < maxKillsAtOnce : ofKind === 0;
}

export function describeFault(fault: Fault): string {
  if (fault.kind === 'order') return fault.order;
  return fault.kind === 'kill' ? fault.signal : fault.prefers;
}
