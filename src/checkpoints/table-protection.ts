import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { setTimeout as sleep } from 'node:timers/promises';

import { translateAwsError } from '../aws/translate-error';
import { TidemarkError } from '../core/errors';
import { TIME_TO_LIVE_ATTRIBUTE } from './table';

export const PROTECTIONS = ['pointInTimeRecovery', 'deletionProtection', 'timeToLive'] as const;

export type Protection = (typeof PROTECTIONS)[number];

/** `unsupported`: this endpoint does not know the call, as with emulators; nothing is known and nothing is protected. */
export type ProtectionState = 'on' | 'off' | 'unsupported';

export interface ProtectionReport {
  readonly protection: Protection;
  readonly state: ProtectionState;
  /** What is in the way of turning it on, or what is known beside the state. */
  readonly detail?: string;
}

type State = Omit<ProtectionReport, 'protection'>;

/** How the protections of a table stand, in the order of `PROTECTIONS`. @throws `TABLE_NOT_FOUND`, `ACCESS_DENIED` … */
export async function readProtections(client: DynamoDBClient, tableName: string): Promise<ProtectionReport[]> {
  return Promise.all(
    PROTECTIONS.map(async (protection) => ({ protection, ...(await READERS[protection](client, tableName)) })),
  );
}

export interface ProtectOptions {
  /**
   * How long a table that is being changed is waited for, in milliseconds.
   *
   * @default 60000
   */
  readonly maxWaitMs?: number;
}

/**
 * Turns protections on, one after the other, and reads back what became of it: an endpoint may accept a call and ignore it.
 * @throws `TABLE_UNUSABLE` where time-to-live is on for another attribute, `ACCESS_DENIED`, `TABLE_NOT_FOUND` …
 */
export async function turnOnProtections(
  client: DynamoDBClient,
  tableName: string,
  wanted: readonly Protection[],
  { maxWaitMs = 60_000 }: ProtectOptions = {},
): Promise<ProtectionReport[]> {
  const refused = new Set<Protection>();
  // Deletion protection last: the table is busy for a moment after it.
  for (const protection of ORDER.filter((one) => wanted.includes(one))) {
    const { state } = await READERS[protection](client, tableName);
    if (state === 'on') continue;
    const isKnown = state === 'off' && (await turnOn(client, tableName, protection, Date.now() + maxWaitMs));
    if (!isKnown) refused.add(protection);
  }
  const reports = await readProtections(client, tableName);
  return reports.map((report) => verdictOn(report, wanted, refused));
}

const ORDER: readonly Protection[] = ['pointInTimeRecovery', 'timeToLive', 'deletionProtection'];

function verdictOn(
  report: ProtectionReport,
  wanted: readonly Protection[],
  refused: Set<Protection>,
): ProtectionReport {
  const { protection, state } = report;
  if (state !== 'off' || !wanted.includes(protection)) return report;
  const detail = refused.has(protection)
    ? 'this endpoint has no such call'
    : 'this endpoint accepted the call and did nothing';
  return { protection, state: 'unsupported', detail };
}

type Reader = (client: DynamoDBClient, tableName: string) => Promise<State>;

const READERS: Readonly<Record<Protection, Reader>> = {
  pointInTimeRecovery: async (client, tableName) => {
    const command = new DescribeContinuousBackupsCommand({ TableName: tableName });
    const answer = await ask('DescribeContinuousBackups', tableName, () => client.send(command));
    if (answer === undefined) return UNSUPPORTED;
    const { PointInTimeRecoveryDescription: recovery } = answer.ContinuousBackupsDescription ?? {};
    const isOn = recovery?.PointInTimeRecoveryStatus === 'ENABLED';
    const days = recovery?.RecoveryPeriodInDays;
    return isOn ? { state: 'on', ...(days === undefined ? {} : { detail: `of the last ${days} days` }) } : OFF;
  },
  deletionProtection: async (client, tableName) => {
    const command = new DescribeTableCommand({ TableName: tableName });
    const answer = await ask('DescribeTable', tableName, () => client.send(command));
    return answer?.Table?.DeletionProtectionEnabled === true ? ON : OFF;
  },
  timeToLive: async (client, tableName) => {
    const command = new DescribeTimeToLiveCommand({ TableName: tableName });
    const answer = await ask('DescribeTimeToLive', tableName, () => client.send(command));
    if (answer === undefined) return UNSUPPORTED;
    const { TimeToLiveStatus: status = '', AttributeName: attribute } = answer.TimeToLiveDescription ?? {};
    if (!status.startsWith('ENABL')) return OFF;
    if (attribute === TIME_TO_LIVE_ATTRIBUTE) return { state: 'on', detail: `by ${attribute}` };
    return { state: 'off', detail: `it is on for another attribute, ${attribute}` };
  },
};

const ON = { state: 'on' } as const;
const OFF = { state: 'off' } as const;
const UNSUPPORTED = { state: 'unsupported', detail: 'this endpoint has no such call' } as const;

/** False if the endpoint does not know the call. */
async function turnOn(
  client: DynamoDBClient,
  tableName: string,
  protection: Protection,
  deadlineMs: number,
): Promise<boolean> {
  const { operation, send } = WRITERS[protection];
  for (;;) {
    try {
      return (await ask(operation, tableName, () => send(client, tableName), isBusy)) !== undefined;
    } catch (error) {
      if (!(error instanceof StillBusy)) throw error;
      if (Date.now() < deadlineMs) {
        await sleep(BUSY_PAUSE_MS);
        continue;
      }
      throw new TidemarkError('TABLE_UNUSABLE', `The table is busy: DynamoDB refuses ${operation}`, {
        context: { table: tableName },
        hint: 'Try again in a minute: `npx tidemark table protect`.',
      });
    }
  }
}

const BUSY_PAUSE_MS = 1_000;

interface ProtectionWriter {
  readonly operation: string;
  readonly send: (client: DynamoDBClient, tableName: string) => Promise<object>;
}

const WRITERS: Readonly<Record<Protection, ProtectionWriter>> = {
  pointInTimeRecovery: {
    operation: 'UpdateContinuousBackups',
    send: (client, tableName) => {
      const specification = { PointInTimeRecoveryEnabled: true };
      return client.send(
        new UpdateContinuousBackupsCommand({
          TableName: tableName,
          PointInTimeRecoverySpecification: specification,
        }),
      );
    },
  },
  deletionProtection: {
    operation: 'UpdateTable',
    send: (client, tableName) =>
      client.send(new UpdateTableCommand({ TableName: tableName, DeletionProtectionEnabled: true })),
  },
  timeToLive: {
    operation: 'UpdateTimeToLive',
    send: (client, tableName) => {
      const specification = { AttributeName: TIME_TO_LIVE_ATTRIBUTE, Enabled: true };
      return client.send(new UpdateTimeToLiveCommand({ TableName: tableName, TimeToLiveSpecification: specification }));
    },
  },
};

class StillBusy extends Error {}

/** A table just created has no continuous backups yet, and one under change takes no other change. */
const BUSY = new Set(['ContinuousBackupsUnavailableException', 'ResourceInUseException']);

function isBusy(error: Error): boolean {
  return BUSY.has(error.name);
}

const UNKNOWN_CALLS = new Set(['UnknownOperationException', 'UnknownOperation', 'NotImplemented', 'InvalidAction']);

/** The answer; undefined if the endpoint does not know the call. */
async function ask<T>(
  operation: string,
  tableName: string,
  send: () => Promise<T>,
  isPassing: (error: Error) => boolean = () => false,
): Promise<T | undefined> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof Error && UNKNOWN_CALLS.has(error.name)) return undefined;
    if (error instanceof Error && isPassing(error)) throw new StillBusy();
    const context = { table: tableName };
    if (error instanceof Error && error.name === 'ValidationException' && operation === 'UpdateTimeToLive')
      throw new TidemarkError('TABLE_UNUSABLE', `DynamoDB refuses time-to-live: ${error.message}`, {
        context,
        hint: 'Turn it off for the other attribute first; a change takes up to an hour.',
      });
    throw translateAwsError(error, { service: 'DynamoDB', operation, context });
  }
}
