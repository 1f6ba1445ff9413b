import { backoffMs, READ_BACKOFF } from '../core/pacing';
import { isPassingTrouble } from '../kinesis/passing-trouble';
import { unlessAborted } from '../kinesis/unless-aborted';
import type { ActivityDependencies } from './dependencies';
import { sleep } from './sleep';

export interface AskingWorld {
  readonly dependencies: Pick<ActivityDependencies, 'random'>;
  readonly stop: AbortSignal;
  /** Told of each failed call that is made again, and of `undefined` when calls succeed again. */
  readonly onTrouble: (error: unknown) => void;
}

/** What Kinesis answers, however long that takes. @throws the reason of `stop`, and what no waiting mends */
export async function untilAnswered<T>(
  { dependencies, stop, onTrouble }: AskingWorld,
  ask: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      const answer = await unlessAborted(ask(), stop);
      if (failures > 0) onTrouble(undefined);
      return answer;
    } catch (error) {
      if (stop.aborted || !isPassingTrouble(error)) throw error;
      onTrouble(error);
      await sleep(backoffMs(READ_BACKOFF, failures + 1, dependencies.random()), stop);
    }
  }
}
