import { EventEmitter } from 'node:events';
import type { ProcessJob, ToProcess } from '../../../../src/cli/supervisor/messages';
import { SupervisorOrders } from '../../../../src/cli/supervisor/supervisor-orders';

const STOP: ToProcess = { tidemark: 'stop', signal: 'SIGTERM' };
const LEAVE: ToProcess = { tidemark: 'leave', signal: 'SIGINT', exitCode: 130 };

let source: EventEmitter;
let orders: SupervisorOrders;
let heard: unknown[];

beforeEach(() => {
  source = new EventEmitter();
  heard = [];
  orders = new SupervisorOrders(source, (exitCode) => heard.push(['exit', exitCode]));
});

function listen(): () => void {
  return orders.listen({
    first: (signal) => heard.push(['first', signal]),
    second: (signal, exitCode) => heard.push(['second', signal, exitCode]),
  });
}

describe('a process at work', () => {
  it('stops at the first it hears, signal or order, and passes over every other but the order to leave', () => {
    listen();
    source.emit('SIGINT');
    source.emit('message', STOP);
    source.emit('SIGINT');
    source.emit('SIGTERM');
    expect(heard).toEqual([['first', 'SIGINT']]);
    source.emit('message', LEAVE);
    expect(heard.slice(1)).toEqual([['second', 'SIGINT', 130]]);
  });

  it('stops when its supervisor has gone', () => {
    listen();
    source.emit('disconnect');
    expect(heard).toEqual([['first', 'The supervisor is gone']]);
  });

  it('hears nothing of what a handler sends itself, nor after it has ended', () => {
    const end = listen();
    source.emit('message', 'ready');
    source.emit('message', { type: 'stop' });
    end();
    source.emit('message', STOP);
    source.emit('message', LEAVE);
    source.emit('SIGTERM');
    expect(heard).toEqual([]);
  });
});

describe('a process that starts', () => {
  it('gets its job', async () => {
    const job: ProcessJob = {
      process: 2,
      command: 'worker',
      files: ['a.ts'],
      flags: { logLevel: 'info', metricsByShard: true },
      isTalkative: false,
    };
    source.emit('message', { tidemark: 'job', job } satisfies ToProcess);
    expect(await orders.job).toEqual(job);
  });

  it.each<[string, (events: EventEmitter) => void, number]>([
    ['a stop', (events) => events.emit('message', STOP), 0],
    ['the order to leave', (events) => events.emit('message', LEAVE), 130],
    ['the loss of its supervisor', (events) => events.emit('disconnect'), 0],
  ])('ends at once with %s', (_, happen, exitCode) => {
    happen(source);
    expect(heard).toEqual([['exit', exitCode]]);
  });

  it('remembers a signal until it works', () => {
    source.emit('SIGINT');
    expect(heard).toEqual([]);
    listen();
    expect(heard).toEqual([['first', 'SIGINT']]);
  });
});
