import type { ChildMessage, ParentMessage } from './messages';

/** The order of this process. */
export function readOrder<Order>(): Order {
  const text = process.argv[2];
  if (!text || !process.send) throw new Error('This program is started by the benchmarks');
  return JSON.parse(text) as Order;
}

export function tellParent(message: ChildMessage): void {
  process.send?.(message);
}

/** Obeys the benchmark; when it is gone, this process ends, too. */
export function obeyParent(obey: (message: ParentMessage) => void): void {
  process.on('message', (message) => obey(message as ParentMessage));
  process.once('disconnect', () => process.exit(0));
}
