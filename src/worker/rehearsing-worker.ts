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

/** A worker that can take a shard over at once: its first workflow task is not the first thing that its sandbox runs. */
export class RehearsingWorker extends Worker {
  /**
   * Plays the first workflow tasks of a shard in the sandbox and throws away what they order: nobody else hears of it. What is slow at
   * first (0.3 to 1 s) is the sandbox's own code and the SDK's. A worker that has workflows already has no need of it.
   *
   * @returns what was ordered, as it would have gone to Temporal
   */
  async rehearse(): Promise<readonly Uint8Array[]> {
    const rehearsal = this.play();
    this.keepSandboxFor(rehearsal);
    return rehearsal;
  }

  /** A sandbox that is taken down with a workflow in it fails, and the worker's process would never end. */
  private keepSandboxFor(rehearsal: Promise<unknown>): void {
    const { workflowCreator } = this;
    if (!workflowCreator) return;
    const destroy = workflowCreator.destroy.bind(workflowCreator);
    workflowCreator.destroy = async () => {
      await rehearsal.catch(() => undefined);
      await destroy();
    };
  }

  private async play(): Promise<readonly Uint8Array[]> {
    const ordered: Uint8Array[] = [];
    // Codecs are the user's, and may call a key service.
    if (this.numCachedWorkflowsSubject.value > 0 || this.options.loadedDataConverter.payloadCodecs.length > 0)
      return ordered;
    const { WorkflowActivation } = this.coreMessages().coresdk.workflow_activation;
    let played: Awaited<ReturnType<typeof this.handleActivation>> | undefined;
    let isCounted = false;
    const contents = rehearsalOf(this.options.taskQueue);
    for (const content of contents) {
      // A worker that ends plays the end alone: the workflow leaves the sandbox.
      if (this.getState() !== 'RUNNING' && content !== contents.at(-1)) continue;
      if (!played && content === contents.at(-1)) break;
      const bytes = WorkflowActivation.encodeDelimited(WorkflowActivation.fromObject(content)).finish();
      const activation = WorkflowActivation.decodeDelimited(bytes);
      played = await this.handleActivation(played?.state, { activation, synthetic: true });
      if (played.output.completion) ordered.push(played.output.completion);
      if (played.state === undefined) break;
      isCounted = true;
    }
    // The SDK counted it as one that Temporal knows.
    if (isCounted) this.numCachedWorkflowsSubject.next(this.numCachedWorkflowsSubject.value - 1);
    return ordered;
  }

  /** Of the very package that the SDK's worker uses. */
  private coreMessages(): CoreMessages<Parameters<typeof this.handleActivation>[1]['activation']> {
    const requireOfWorker = createRequire(require.resolve('@temporalio/worker'));
    return requireOfWorker('@temporalio/proto') as ReturnType<typeof this.coreMessages>;
  }
}
