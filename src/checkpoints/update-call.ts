import type { Readable } from 'node:stream';
import { UpdateItemCommand, type Update } from '@aws-sdk/client-dynamodb';
import type { ShortCall } from '../aws/short-calls';

type Answer = Parameters<ShortCall['take']>[0];

/** One UpdateItem whose answer says no more than that it was written. Its values are texts, numbers, lists and maps, never bytes. */
export class UpdateCall implements ShortCall {
  readonly contentType = 'application/x-amz-json-1.0';
  readonly target: string;
  readonly body: Uint8Array;
  isDone = false;

  constructor(private readonly update: Update) {
    this.target = update.TableName ?? '';
    this.body = Buffer.from(JSON.stringify(update));
  }

  newCommand(): UpdateItemCommand {
    return new UpdateItemCommand(this.update);
  }

  async take(response: Answer): Promise<void> {
    if (response.statusCode !== 200) return;
    const body = response.body instanceof Uint8Array ? response.body : await collect(response.body);
    response.body = body;
    this.isDone = isObject(body);
  }
}

function collect(body: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    const onClose = (): void => reject(new Error('The answer broke off'));
    body.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    body.once('error', reject);
    body.once('close', onClose);
    body.once('end', () => {
      body.off('close', onClose);
      resolve(Buffer.concat(chunks));
    });
  });
}

/** Something on the way may answer 200 too, for example with a page of HTML. */
function isObject(body: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
