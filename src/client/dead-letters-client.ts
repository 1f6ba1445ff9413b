import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { taskQueueFor } from '../core/names';
import type { RedriveFilter } from '../core/redrive';
import { timingOf } from '../core/timing';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { hasSearchAttributes } from '../temporal/search-attributes';
import { startRedriveWorkflow } from '../temporal/start-workflows';
import { checkSequenceNumber, DeadLetterTable, incarnationOf } from './dead-letter-table';
import type { LetterDecision } from './dead-letters-store';
import { RedriveHandle } from './redrive-handle';
import { withServices } from './with-services';

export interface RedriveOptions extends LetterDecision {
  /** Which of the open letters. Default: all. */
  readonly filter?: RedriveFilter;
  /** Task queue of a worker of your own. Default: the consumer's own, which `createWorker` polls. */
  readonly taskQueue?: string;
}

/** Dead letters of consumers: looks at them, handles them again, gives them up. */
export class DeadLettersClient extends DeadLetterTable {
  constructor(private readonly temporal: Client) {
    super();
  }

  /**
   * Starts the workflow that runs open letters through the handler of today, in order per partition key; workers of the consumer do it.
   * Letters of parked partition keys are not among them.
   * @throws `REDRIVE_RUNNING`: there is one at a time
   */
  async redrive(
    consumer: ConsumerDefinition,
    { by, reason, filter = {}, taskQueue }: RedriveOptions,
  ): Promise<RedriveHandle> {
    checkSequenceNumber(filter.sequenceNumber);
    return withServices(consumer, async (services) => {
      const stream = await incarnationOf(consumer, services);
      const { workflowId, firstExecutionRunId } = await startRedriveWorkflow(this.temporal, {
        taskQueue: taskQueue ?? taskQueueFor(stream),
        input: {
          id: randomUUID(),
          stream,
          filter,
          by,
          ...(reason === undefined ? {} : { reason }),
          startedAtMs: Date.now(),
          timing: timingOf(consumer.options),
          searchAttributes: await hasSearchAttributes(this.temporal),
        },
      });
      return new RedriveHandle(this.temporal, workflowId, firstExecutionRunId);
    });
  }
}
