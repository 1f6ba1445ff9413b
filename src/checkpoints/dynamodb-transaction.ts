import {
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type CancellationReason,
  type DynamoDBClient,
  type TransactWriteItem,
  type Update,
} from '@aws-sdk/client-dynamodb';

import { TidemarkError } from '../core/errors';
import type { EffectsRefused } from './checkpoint-store';
import type { StoredItem } from './dynamodb-requests';
import { checkTransaction } from './transaction-limits';

/** What DynamoDB answered to a conditional write; `item` is the one that refused it, where the endpoint says so. */
export type Conditional = { readonly written: true } | { readonly written: false; readonly item?: StoredItem };

const CONDITION = 'ConditionalCheckFailed';
const INVALID_REQUEST = ['ValidationException', 'SerializationException'];
/** Reasons that pass: something else writes to the item, or too much is written. */
const PASSING = ['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded', 'RequestLimitExceeded'];

/**
 * The checkpoint and its effects in one transaction. The checkpoint's condition alone protects; the token that makes DynamoDB answer a
 * copy of the same request like the first one lasts ten minutes (API reference) and only saves a round.
 * @throws what the client throws; retryable if nothing was decided
 */
export async function writeTransaction(
  client: DynamoDBClient,
  checkpoint: Update,
  effects: readonly TransactWriteItem[],
  token: string,
): Promise<Conditional | EffectsRefused> {
  const TransactItems = [{ Update: checkpoint }, ...effects];
  try {
    await client.send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken: token }));
    return { written: true };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return refusal;
  }
}

/** Effects in one transaction of their own. Undefined if they were written. @throws as `writeTransaction` */
export async function writeAlone(
  client: DynamoDBClient,
  effects: readonly TransactWriteItem[],
  token: string,
): Promise<EffectsRefused | undefined> {
  const problem = checkTransaction(effects);
  if (problem) return problem;
  try {
    await client.send(new TransactWriteItemsCommand({ TransactItems: [...effects], ClientRequestToken: token }));
    return undefined;
  } catch (error) {
    const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : undefined;
    // No checkpoint is among them that could refuse.
    const refusal = reasons ? judgeReasons([{ Code: 'None' }, ...reasons]) : refusalOf(error);
    if (refusal !== undefined && 'kind' in refusal) return refusal;
    throw error;
  }
}

/** Undefined if the request was not decided against. @throws `THROUGHPUT_EXCEEDED` */
function refusalOf(error: unknown): Conditional | EffectsRefused | undefined {
  if (error instanceof TransactionCanceledException) return judgeReasons(error.CancellationReasons ?? []);
  // The request itself is wrong, so nothing was written: the checkpoint's part never is, the effects are the user's.
  return error instanceof Error && INVALID_REQUEST.includes(error.name) ? judgeInvalid(error.message) : undefined;
}

function judgeReasons(reasons: readonly CancellationReason[]): Conditional | EffectsRefused {
  const [own, ...others] = reasons;
  if (own?.Code === CONDITION) return { written: false, ...(own.Item ? { item: own.Item } : {}) };
  const passing = reasons.find(({ Code }) => PASSING.includes(Code ?? ''));
  if (passing)
    throw new TidemarkError('THROUGHPUT_EXCEEDED', `DynamoDB cancelled a transaction: ${passing.Code}`, {
      hint: 'Something else writes to the same items, or too much is written. The same transaction is sent again.',
    });
  const index = others.findIndex(({ Code }) => Code !== undefined && Code !== 'None');
  return refused(
    `effect ${index + 1} of ${others.length} was refused: ${others[index]?.Code ?? 'no reason was given'}`,
  );
}

function judgeInvalid(text: string): EffectsRefused {
  const isTooLarge = /multiple operations on one item|4 ?MB|size (?:has )?exceeded|less than or equal to 100/i.test(
    text,
  );
  return isTooLarge
    ? { kind: 'effectsRefused', code: 'TRANSACTION_TOO_LARGE', message: TOO_LARGE, detail: text }
    : refused(INVALID, text);
}

const TOO_LARGE = 'DynamoDB refused the effects: too many, too large, or two on one item';
const INVALID = 'DynamoDB refused the effects as invalid: a key, an expression or a value is wrong';

function refused(message: string, detail?: string): EffectsRefused {
  return { kind: 'effectsRefused', code: 'EFFECT_REFUSED', message, ...(detail === undefined ? {} : { detail }) };
}
