import { TidemarkError } from '../../../src/core/errors';

export type Label = 'read' | 'claim' | 'commit' | 'move' | 'handle' | 'sleep' | 'report';

/** Something an attempt waits for: the scheduler decides when, and how, it goes on. */
export interface Parked {
  readonly label: Label;
  /** One step forward. True once the attempt goes on. */
  advance(): boolean;
}

/** Work that happens in one step: a handler call, a pause, a report to the server. */
export class ParkedStep implements Parked {
  constructor(
    readonly label: 'handle' | 'sleep' | 'report',
    private readonly act: () => void,
    private readonly resolve: () => void,
    private readonly reject: (error: unknown) => void,
  ) {}

  advance(): boolean {
    try {
      this.act();
      this.resolve();
    } catch (error) {
      this.reject(error);
    }
    return true;
  }

  fail(error: unknown): void {
    this.reject(error);
  }
}

/** A call of the store: the request is under way, then the reply is. Either may be lost. */
export class ParkedCall<T> implements Parked {
  private answer: Promise<T> | undefined;

  constructor(
    readonly label: 'read' | 'claim' | 'commit' | 'move',
    readonly execute: () => Promise<T>,
    private readonly resolve: (answer: Promise<T>) => void,
    private readonly reject: (error: unknown) => void,
  ) {}

  get isExecuted(): boolean {
    return this.answer !== undefined;
  }

  advance(): boolean {
    if (this.answer === undefined) {
      this.answer = this.execute();
      return false;
    }
    this.resolve(this.answer);
    return true;
  }

  /** The caller sees no answer: the request was lost, or its reply, or it is still in the network. */
  loseAnswer(): void {
    this.reject(new TidemarkError('DYNAMODB_UNAVAILABLE', 'No answer'));
  }
}
