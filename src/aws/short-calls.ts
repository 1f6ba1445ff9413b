import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { RawResponse } from '../kinesis/collect-body';
import { noteRequest, type KnownRequest } from './known-request';
import { isRawResponse } from './raw-response';

/** One call of an operation whose body is written, and whose answer is read, here. */
export interface ShortCall {
  /** What the address of the call depends on beside the client: the ARN of a stream, the name of a table. */
  readonly target: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** The same call as the SDK's command. */
  readonly newCommand: () => object;
  /** Reads an answer next to the wire; what it leaves in `body` is the SDK's to read. It may throw: that counts as how the attempt went. */
  readonly take: (response: RawResponse) => Promise<void> | void;
  /** `take` has seen all that was asked for. */
  readonly isDone: boolean;
}

type Answer = Readonly<{ response: unknown }>;
type Outcome = { readonly answer: Answer } | { readonly error: unknown };
type Handler = (args: { request: unknown }) => Promise<Answer>;

/** What is used of a command's stack and of a client's `send`. The SDK's own types tie each to the input of one command. */
interface Stack {
  add(
    middleware: (next: Handler, context: object) => Handler,
    options: { step: 'build' | 'deserialize'; priority: 'high' | 'low'; name: string },
  ): void;
}
interface Sender {
  send(command: object, options: { abortSignal?: AbortSignal }): Promise<unknown>;
}

/**
 * Calls of one operation by the shortest way through the SDK, at about a quarter of its CPU time.
 *
 * The first call to a target goes through the whole SDK, and the request is noted as it was before it was signed. Later calls put their body into
 * that, have it signed by the SDK's signer with its credentials, and give it to its request handler. Anything but success is handed to a whole
 * call of the SDK as how its first attempt went: retries, errors and clocks are the SDK's to judge, and nothing is asked twice for that.
 */
export class ShortCalls {
  private readonly known = new Map<string, KnownRequest>();

  constructor(private readonly client: KinesisClient | DynamoDBClient) {}

  /** @throws what the SDK throws of the call */
  async send(call: ShortCall, abortSignal?: AbortSignal): Promise<void> {
    const outcome = await this.sendShortly(call, abortSignal);
    if (!call.isDone) await this.sendWhole(call, outcome, abortSignal);
  }

  /** Undefined if nothing was sent. */
  private async sendShortly(call: ShortCall, abortSignal?: AbortSignal): Promise<Outcome | undefined> {
    const known = this.known.get(call.target);
    const signed = await known?.sign(call).catch(() => undefined);
    if (!known || !signed) return undefined;
    const outcome = await attempt(call, () =>
      this.client.config.requestHandler.handle(signed.request, { abortSignal }),
    );
    if (call.isDone && 'answer' in outcome) signed.succeeded(outcome.answer.response);
    return outcome;
  }

  private async sendWhole(call: ShortCall, first: Outcome | undefined, abortSignal?: AbortSignal): Promise<void> {
    const command = call.newCommand();
    const { middlewareStack } = command as { readonly middlewareStack: Stack };
    let outcome = first;
    let noted: KnownRequest | undefined;
    middlewareStack.add(
      (next) => (args) => {
        Object.assign(args.request as object, { body: call.body });
        Object.assign((args.request as { headers: object }).headers, { 'content-type': call.contentType });
        return next(args);
      },
      // Before the length of the body is noted.
      { step: 'build', priority: 'high', name: 'tidemarkBody' },
    );
    middlewareStack.add(
      (next, context) => async (args) => {
        noted = await noteRequest(this.client, args.request, context);
        return next(args);
      },
      // After everything but what each attempt has of its own.
      { step: 'build', priority: 'low', name: 'tidemarkNote' },
    );
    middlewareStack.add(
      (next) => async (args) => {
        const current = outcome ?? (await attempt(call, () => next(args)));
        outcome = undefined;
        if ('error' in current) throw current.error;
        if (call.isDone && noted) this.known.set(call.target, noted);
        return current.answer;
      },
      { step: 'deserialize', priority: 'low', name: 'tidemarkAnswer' },
    );
    await (this.client as unknown as Sender).send(command, { abortSignal });
  }
}

async function attempt(call: ShortCall, send: () => Promise<Answer>): Promise<Outcome> {
  try {
    const answer = await send();
    if (isRawResponse(answer.response)) await call.take(answer.response);
    return { answer };
  } catch (error) {
    return { error };
  }
}
