import { createRequire } from 'node:module';
import { Worker } from '@temporalio/worker';
import { rehearsalOf } from './rehearsal';

/** The one of the core's messages that a worker is given work by, as the SDK's worker reads it. */
interface ActivationCodec<Activation> {
  fromObject(content: object): Activation;
  encodeDelimited(activation: Activation): { finish(): Uint8Array };
  decodeDelimited(bytes: Uint8Array): Activation;
}

interface CoreMessages<Activation> {
  readonly coresdk: {
    readonly workflow_activation: { readonly WorkflowActivation: ActivationCodec<Activation> };
  };
}

/** A worker that can take a shard over at once: its first workflow task is not the first thing its sandbox runs. */
export class RehearsingWorker extends Worker {
  /**
   * Plays a shard's first two workflow tasks in the sandbox, and throws away what they order: nobody else hears of it. A worker that has
   * had workflow tasks has no need of it. What is slow at first (measured: 0.3 to 1 s) is the sandbox's own code, and the SDK's.
   */
  async rehearse(): Promise<void> {
    if (this.numCachedWorkflowsSubject.value > 0) return;
    const { WorkflowActivation } = this.coreMessages().coresdk.workflow_activation;
    let played: Awaited<ReturnType<typeof this.handleActivation>> | undefined;
    for (const content of rehearsalOf(this.options.taskQueue)) {
      if (this.getState() !== 'RUNNING') return;
      const bytes = WorkflowActivation.encodeDelimited(WorkflowActivation.fromObject(content)).finish();
      const activation = WorkflowActivation.decodeDelimited(bytes);
      played = await this.handleActivation(played?.state, { activation, synthetic: true });
      // It was counted as one that Temporal knows.
      if (played.output.close) this.numCachedWorkflowsSubject.next(this.numCachedWorkflowsSubject.value - 1);
    }
  }

  /** Of the very package that the SDK's worker uses. */
  private coreMessages(): CoreMessages<Parameters<typeof this.handleActivation>[1]['activation']> {
    const requireOfWorker = createRequire(require.resolve('@temporalio/worker'));
    return requireOfWorker('@temporalio/proto') as ReturnType<typeof this.coreMessages>;
  }
}
