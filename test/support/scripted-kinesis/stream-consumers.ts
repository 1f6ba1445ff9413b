import { AwsError, notFound } from './aws-error';
import type { Stream } from './stream';

export interface ScriptedConsumer {
  readonly name: string;
  readonly arn: string;
  status: 'CREATING' | 'ACTIVE' | 'DELETING';
  readonly createdAtMs: number;
  readonly stream: Stream;
}

const MAX_PER_STREAM = 20;

/** The stream consumers of all streams. They belong to one incarnation of a stream, and go with it. */
export class StreamConsumers {
  /** What a new stream consumer begins with. */
  initialStatus: ScriptedConsumer['status'] = 'ACTIVE';
  private all: ScriptedConsumer[] = [];
  private registered = 0;

  register(stream: Stream, name: string, nowMs: number): ScriptedConsumer {
    const others = this.all.filter((one) => one.stream === stream);
    if (others.some((one) => one.name === name))
      throw new AwsError(
        'ResourceInUseException',
        `Consumer ${name} under stream ${stream.origin.arn} already exists.`,
      );
    if (others.length >= MAX_PER_STREAM)
      throw new AwsError('LimitExceededException', `Stream ${stream.origin.name} has ${MAX_PER_STREAM} consumers.`);
    this.registered += 1;
    const arn = `${stream.origin.arn}/consumer/${name}:${Math.floor(nowMs / 1000) + this.registered}`;
    const consumer: ScriptedConsumer = { name, arn, status: this.initialStatus, createdAtMs: nowMs, stream };
    this.all.push(consumer);
    return consumer;
  }

  find(stream: Stream, name: string): ScriptedConsumer {
    const found = this.all.find((one) => one.stream === stream && one.name === name);
    if (found) return found;
    throw notFound(`Consumer ${name} under stream ${stream.origin.arn} not found.`);
  }

  findByArn(arn: string): ScriptedConsumer {
    const found = this.all.find((one) => one.arn === arn);
    if (found) return found;
    throw notFound(`Consumer ${arn} not found.`);
  }

  deregister(consumer: ScriptedConsumer): void {
    this.all = this.all.filter((one) => one !== consumer);
  }

  count(stream: Stream): number {
    return this.all.filter((one) => one.stream === stream).length;
  }
}
