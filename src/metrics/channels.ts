import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { DiagnosticMessages } from '../activities/diagnostics';

export type Listeners = {
  readonly [Name in keyof DiagnosticMessages]?: (message: DiagnosticMessages[Name]) => void;
};

/** Consumer and stream, as far as they tell one consumer of this process from another. */
export interface WatchedConsumer {
  readonly consumer: string;
  readonly streamName: string;
}

/** Listens to what the activities of these consumers publish. Returns how to end it. */
export function listen(consumers: readonly WatchedConsumer[], listeners: Listeners): () => void {
  const keys = new Set(consumers.map(keyOf));
  const ends = Object.entries(listeners).map(([name, listener]) => {
    const receive = (message: unknown): void => {
      // An error in a subscriber would end the process.
      try {
        if (isAbout(message, keys)) (listener as (message: unknown) => void)(message);
      } catch (error) {
        const what = error instanceof Error ? error.message : String(error);
        process.emitWarning(`A metric could not be recorded: ${what}`, 'TidemarkWarning');
      }
    };
    subscribe(`tidemark:${name}`, receive);
    return () => unsubscribe(`tidemark:${name}`, receive);
  });
  return () => ends.forEach((end) => end());
}

function keyOf({ consumer, streamName }: WatchedConsumer): string {
  return `${consumer}/${streamName}`;
}

function isAbout(message: unknown, keys: ReadonlySet<string>): boolean {
  return keys.has(keyOf((message as { readonly shard: WatchedConsumer }).shard));
}
