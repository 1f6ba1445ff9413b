import { listenForStop } from '../../../src/cli/stop-signals';

describe('signals', () => {
  it('the first one stops, its echo from npx is ignored, a later one leaves with 128 + its number', () => {
    let nowMs = 0;
    const heard: unknown[] = [];
    const end = listenForStop(
      {
        first: (signal) => heard.push(['first', signal]),
        second: (signal, code) => heard.push(['second', signal, code]),
      },
      () => nowMs,
    );
    process.emit('SIGINT', 'SIGINT');
    nowMs = 20;
    process.emit('SIGINT', 'SIGINT');
    expect(heard).toEqual([['first', 'SIGINT']]);
    nowMs = 1_000;
    process.emit('SIGINT', 'SIGINT');
    process.emit('SIGTERM', 'SIGTERM');
    expect(heard.slice(1)).toEqual([
      ['second', 'SIGINT', 130],
      ['second', 'SIGTERM', 143],
    ]);
    const listeners = process.listenerCount('SIGINT');
    end();
    expect(process.listenerCount('SIGINT')).toBe(listeners - 1);
  });
});
