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

  take(response: Answer): void {
    // Of another handler than Tidemark's own, which does not give answers as a whole: the SDK reads that.
    const { statusCode, body } = response;
    this.isDone = statusCode === 200 && body instanceof Uint8Array && isObject(body);
  }
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
