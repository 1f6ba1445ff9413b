import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

import { createDynamodbClient } from '../../../src/aws/clients';
import { PROTECTIONS, readProtections, turnOnProtections } from '../../../src/checkpoints/table-protection';
import { runCli } from '../../../src/cli/program';
import { AwsError } from '../../support/scripted-kinesis/aws-error';
import {
  jsonReply,
  type JsonObject,
  type JsonReply,
  type JsonRequest,
} from '../../support/scripted-kinesis/json-request';
import { startJsonServer, type FaultyServer } from '../../support/scripted-kinesis/json-server';

const TABLE = 'tidemark-checkpoints';
const UNKNOWN = 'UnknownOperationException';

let server: FaultyServer;
let client: DynamoDBClient;
/** What the table has; what is missing in `known` is a call that the endpoint does not have. */
let state: { recovery: boolean; deletion: boolean; timeToLive: string | undefined };
let isDeaf: boolean;

function execute({ operation, body }: JsonRequest): JsonReply {
  const answer = ANSWERS[operation]?.(body);
  if (!answer) throw new AwsError(UNKNOWN, operation);
  return jsonReply(200, answer);
}

const ANSWERS: Record<string, (body: JsonObject) => JsonObject> = {
  DescribeTable: () => ({
    Table: {
      TableStatus: 'ACTIVE',
      DeletionProtectionEnabled: state.deletion,
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    },
  }),
  DescribeContinuousBackups: () => ({
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: state.recovery ? 'ENABLED' : 'DISABLED' },
    },
  }),
  DescribeTimeToLive: () => ({
    TimeToLiveDescription: state.timeToLive
      ? { TimeToLiveStatus: 'ENABLING', AttributeName: state.timeToLive }
      : { TimeToLiveStatus: 'DISABLED' },
  }),
  UpdateContinuousBackups: () => ((state.recovery ||= !isDeaf), {}),
  UpdateTable: () => ((state.deletion ||= !isDeaf), {}),
  UpdateTimeToLive: () => {
    if (state.timeToLive)
      throw new AwsError('ValidationException', 'TimeToLive is active on a different AttributeName');
    return ((state.timeToLive = isDeaf ? undefined : 'expiresAt'), {});
  },
};

beforeAll(async () => {
  server = await startJsonServer({ execute, nowMs: Date.now });
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
  client = createDynamodbClient({ region: 'us-east-1', credentials, dynamodbEndpoint: server.endpoint });
});

beforeEach(() => {
  server.faults.clear();
  server.requests.clear();
  state = { recovery: false, deletion: false, timeToLive: undefined };
  isDeaf = false;
});

afterAll(async () => {
  client.destroy();
  await server.close();
});

async function statesOf(reports: ReturnType<typeof readProtections>): Promise<Record<string, string>> {
  return Object.fromEntries((await reports).map(({ protection, state: how }) => [protection, how]));
}

const ALL_ON = { pointInTimeRecovery: 'on', deletionProtection: 'on', timeToLive: 'on' };
const ALL_OFF = { pointInTimeRecovery: 'off', deletionProtection: 'off', timeToLive: 'off' };

describe('the protections of a table', () => {
  it('are read, and turned on', async () => {
    expect(await statesOf(readProtections(client, TABLE))).toEqual(ALL_OFF);
    expect(await statesOf(turnOnProtections(client, TABLE, PROTECTIONS))).toEqual(ALL_ON);
    expect(await statesOf(readProtections(client, TABLE))).toEqual(ALL_ON);
    const updates = server.requests.list().filter(({ operation }) => operation.startsWith('Update'));
    expect(updates.map(({ operation, body }) => [operation, body])).toEqual([
      [
        'UpdateContinuousBackups',
        { TableName: TABLE, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
      ],
      [
        'UpdateTimeToLive',
        { TableName: TABLE, TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true } },
      ],
      ['UpdateTable', { TableName: TABLE, DeletionProtectionEnabled: true }],
    ]);
  });

  it('are turned on only where that is wanted and needed', async () => {
    state.recovery = true;
    const reports = turnOnProtections(client, TABLE, ['pointInTimeRecovery', 'timeToLive']);
    expect(await statesOf(reports)).toEqual({ ...ALL_ON, deletionProtection: 'off' });
    expect(server.requests.count('UpdateContinuousBackups') + server.requests.count('UpdateTable')).toBe(0);
  });

  it('are unsupported, not on and not a failure, where the endpoint has no such calls', async () => {
    for (const operation of ['DescribeContinuousBackups', 'DescribeTimeToLive', 'UpdateTable'])
      server.faults.add({ operation, action: { error: UNKNOWN } });
    expect(await statesOf(turnOnProtections(client, TABLE, PROTECTIONS))).toEqual({
      pointInTimeRecovery: 'unsupported',
      deletionProtection: 'unsupported',
      timeToLive: 'unsupported',
    });
  });

  it('are unsupported where the endpoint accepts the call and does nothing', async () => {
    isDeaf = true;
    const reports = await turnOnProtections(client, TABLE, ['deletionProtection']);
    expect(reports[1]).toEqual({
      protection: 'deletionProtection',
      state: 'unsupported',
      detail: 'this endpoint accepted the call and did nothing',
    });
  });

  it('wait for a table that is busy, and not without end', async () => {
    const error = 'ContinuousBackupsUnavailableException';
    const busy = server.faults.add({ operation: 'UpdateContinuousBackups', times: 1, action: { error } });
    await turnOnProtections(client, TABLE, ['pointInTimeRecovery']);
    expect([busy.hits, state.recovery]).toEqual([1, true]);

    server.faults.add({ operation: 'UpdateTable', action: { error: 'ResourceInUseException' } });
    const late = turnOnProtections(client, TABLE, ['deletionProtection'], { maxWaitMs: 1 });
    await expect(late).rejects.toMatchObject({ code: 'TABLE_UNUSABLE', message: expect.stringContaining('busy') });
  });

  it('name time-to-live of another attribute', async () => {
    state.timeToLive = 'ttl';
    const [, , report] = await readProtections(client, TABLE);
    expect(report).toMatchObject({ state: 'off', detail: expect.stringContaining('another attribute, ttl') });
    const refusal = { code: 'TABLE_UNUSABLE', message: expect.stringContaining('Turn it off for the other') };
    await expect(turnOnProtections(client, TABLE, ['timeToLive'])).rejects.toMatchObject(refusal);
  });

  it('name the action that is not allowed', async () => {
    server.faults.add({ operation: 'DescribeContinuousBackups', action: { error: 'AccessDeniedException' } });
    const refusal = { code: 'ACCESS_DENIED', message: expect.stringContaining('dynamodb:DescribeContinuousBackups') };
    await expect(readProtections(client, TABLE)).rejects.toMatchObject(refusal);
  });
});

describe('on the command line', () => {
  const saved = { ...process.env };

  beforeAll(() => {
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_DYNAMODB: server.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
    });
  });

  afterAll(() => {
    process.env = saved;
  });

  async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const texts = { out: '', err: '' };
    const out = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => ((texts.out += String(chunk)), true));
    const err = jest.spyOn(process.stderr, 'write').mockImplementation((chunk) => ((texts.err += String(chunk)), true));
    const code = await runCli(args);
    out.mockRestore();
    err.mockRestore();
    return { code, ...texts };
  }

  it('`table check` ends with 1 while something is off, `table protect` asks and turns it on', async () => {
    const off = await run('table', 'check');
    expect(off).toMatchObject({ code: 1, out: expect.stringMatching(/deletion protection +OFF: one DeleteTable/) });
    const json = await run('table', 'check', '--json');
    expect(JSON.parse(json.out)).toMatchObject({ table: TABLE, protections: [{ state: 'off' }, {}, {}] });

    const unasked = await run('table', 'protect');
    expect(unasked).toMatchObject({ code: 1, err: expect.stringContaining('Say --yes to go ahead.') });
    expect(state).toEqual({ recovery: false, deletion: false, timeToLive: undefined });

    const some = await run('table', 'protect', '--yes', '--no-deletion-protection');
    expect(some).toMatchObject({ code: 0, out: expect.stringMatching(/Now:\n +point-in-time recovery +on\n/) });
    expect(state).toEqual({ recovery: true, deletion: false, timeToLive: 'expiresAt' });
    expect(await run('table', 'protect', '--yes')).toMatchObject({ code: 0 });
    expect(await run('table', 'check')).toMatchObject({ code: 0 });
  });

  it('`table create` leaves a table that exists, and says what is off', async () => {
    const { code, out } = await run('table', 'create');
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('`npx tidemark table protect` turns on') });
    expect(state.recovery).toBe(false);
  });
});
