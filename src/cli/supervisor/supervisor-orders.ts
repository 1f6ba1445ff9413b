import type { EventEmitter } from 'node:events';
import { STOP_SIGNALS, type SignalHandlers } from '../stop-signals';
import { isOurs, type ProcessJob, type ToProcess } from './messages';

/**
 * What a worker process hears of its supervisor. A signal only begins the graceful stop: Ctrl-C in a terminal and a stop by systemd reach
 * this process as well as the supervisor, which says so, too. Only the supervisor's word ends it at once. When the supervisor has gone, the
 * process stops gracefully.
 */
export class SupervisorOrders {
  readonly job: Promise<ProcessJob>;
  private phase: 'starting' | 'working' | 'over' = 'starting';
  private handlers: SignalHandlers | undefined;
  private stopping: string | undefined;

  constructor(
    source: EventEmitter,
    private readonly exit: (exitCode: number) => void,
  ) {
    for (const signal of STOP_SIGNALS) source.on(signal, () => this.stop(signal));
    source.on('disconnect', () => this.obey({ tidemark: 'stop', signal: 'The supervisor is gone' }));
    this.job = new Promise((resolve) => {
      source.on('message', (message: unknown) => {
        if (!isOurs<ToProcess>(message)) return;
        if (message.tidemark === 'job') resolve(message.job);
        else this.obey(message);
      });
    });
  }

  /** To be listened to in place of signals. */
  readonly listen = (handlers: SignalHandlers): (() => void) => {
    this.phase = 'working';
    this.handlers = handlers;
    if (this.stopping !== undefined) handlers.first(this.stopping);
    return () => {
      this.phase = 'over';
    };
  };

  private obey(order: Exclude<ToProcess, { tidemark: 'job' }>): void {
    // Nothing is in flight yet.
    if (this.phase === 'starting') this.exit(order.tidemark === 'leave' ? order.exitCode : 0);
    else if (order.tidemark === 'stop') this.stop(order.signal);
    else if (this.phase === 'working') this.handlers?.second(order.signal, order.exitCode);
  }

  private stop(signal: string): void {
    if (this.stopping !== undefined) return;
    this.stopping = signal;
    if (this.phase === 'working') this.handlers?.first(signal);
  }
}
