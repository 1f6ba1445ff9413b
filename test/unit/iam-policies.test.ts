import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../..');

const ROLES = ['worker', 'coordinator', 'operator', 'setup', 'fan-out'] as const;
type Role = (typeof ROLES)[number];

const EVERYONE_BUT_SETUP: readonly Role[] = ['worker', 'coordinator', 'operator'];
const TABLE_SEEN: readonly Role[] = ['operator', 'setup'];

/** Which role makes each call, by the file it is made in. */
const CALLS: Readonly<Record<string, Readonly<Record<string, readonly Role[]>>>> = {
  'checkpoints/dynamodb-batch-read.ts': { BatchGetItem: EVERYONE_BUT_SETUP },
  'checkpoints/dynamodb-history.ts': { PutItem: ['worker'], Query: ['operator'] },
  'checkpoints/dynamodb-store.ts': {
    GetItem: EVERYONE_BUT_SETUP,
    PutItem: EVERYONE_BUT_SETUP,
    Query: EVERYONE_BUT_SETUP,
    UpdateItem: EVERYONE_BUT_SETUP,
  },
  'checkpoints/dynamodb-transaction.ts': { TransactWriteItems: EVERYONE_BUT_SETUP },
  'checkpoints/kcl-leases.ts': { Scan: ['operator'] },
  'checkpoints/restore-points.ts': { DeleteItem: ['operator'], PutItem: ['operator'], Query: ['operator'] },
  'checkpoints/table.ts': {
    CreateTable: ['setup'],
    DescribeTable: ['coordinator', 'operator', 'setup'],
    UpdateTimeToLive: ['setup'],
  },
  'checkpoints/table-protection.ts': {
    DescribeContinuousBackups: TABLE_SEEN,
    DescribeTable: TABLE_SEEN,
    DescribeTimeToLive: TABLE_SEEN,
    UpdateContinuousBackups: ['setup'],
    UpdateTable: ['setup'],
    UpdateTimeToLive: ['setup'],
  },
  'checkpoints/update-call.ts': { UpdateItem: EVERYONE_BUT_SETUP },
  'dead-letters/dynamodb-dead-letters.ts': {
    GetItem: EVERYONE_BUT_SETUP,
    PutItem: EVERYONE_BUT_SETUP,
    Query: EVERYONE_BUT_SETUP,
    UpdateItem: EVERYONE_BUT_SETUP,
  },
  'dead-letters/restore-letter.ts': { PutItem: ['operator'] },
  'doctor/stream-probes.ts': { DescribeStreamSummary: ['operator'] },
  'doctor/table-probes.ts': {
    BatchGetItem: ['operator'],
    DescribeTable: ['operator'],
    GetItem: ['operator'],
    PutItem: ['operator'],
    Query: ['operator'],
    UpdateItem: ['operator'],
  },
  'kinesis/aws-fan-out.ts': { DescribeStreamConsumer: ['fan-out'], RegisterStreamConsumer: ['fan-out'] },
  'kinesis/aws-kinesis.ts': {
    DescribeStreamSummary: EVERYONE_BUT_SETUP,
    GetShardIterator: ['worker', 'operator'],
  },
  'kinesis/aws-list-shards.ts': { ListShards: EVERYONE_BUT_SETUP },
  'kinesis/get-page.ts': { GetRecords: ['worker', 'operator'] },
  'kinesis/subscribe-to-shard.ts': { SubscribeToShard: ['fan-out'] },
};

/** IAM has no action of its own for a transaction: it asks for those of the writes in it. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = { TransactWriteItems: ['PutItem', 'UpdateItem'] };

interface Statement {
  readonly Effect: string;
  readonly Action: readonly string[];
  readonly Resource: string;
}

function policyOf(role: Role): readonly Statement[] {
  const text = readFileSync(path.join(ROOT, 'ops/iam', `${role}.json`), 'utf8');
  return (JSON.parse(text) as { Statement: Statement[] }).Statement;
}

/** Operations by the files of src that send them; a paginator sends what its name says. */
function callsInSource(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const folder = path.join(ROOT, 'src');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const text = readFileSync(path.join(folder, name), 'utf8');
    const names = [...text.matchAll(/\bnew ([A-Z]\w+)Command\(|\bpaginate([A-Z]\w+)\(/g)].map(
      ([, a, b]) => a ?? b ?? '',
    );
    if (names.length > 0) found.set(name.split(path.sep).join('/'), [...new Set(names)].sort());
  }
  return found;
}

it('every call of AWS in the source has its roles here, and every one here is in the source', () => {
  const listed = Object.entries(CALLS).map(([file, calls]) => [file, Object.keys(calls).sort()]);
  expect(Object.fromEntries(callsInSource())).toEqual(Object.fromEntries(listed));
});

describe.each(ROLES)('the policy of the %s', (role) => {
  it('allows the calls of that role, and no other', () => {
    const service = (file: string, operation: string): string =>
      file.startsWith('kinesis/') || operation.includes('Stream') ? 'kinesis' : 'dynamodb';
    const needed = Object.entries(CALLS).flatMap(([file, calls]) =>
      Object.entries(calls)
        .filter(([, roles]) => roles.includes(role))
        .flatMap(([operation]) =>
          (ACTIONS[operation] ?? [operation]).map((name) => `${service(file, operation)}:${name}`),
        ),
    );
    const allowed = policyOf(role).flatMap(({ Action }) => Action);
    expect([...new Set(allowed)].sort()).toEqual([...new Set(needed)].sort());
    expect(new Set(allowed).size).toBe(allowed.length);
  });

  it('names each action and each resource', () => {
    for (const { Effect, Action, Resource } of policyOf(role)) {
      expect(Effect).toBe('Allow');
      expect(Resource).toMatch(
        /^arn:aws:(kinesis|dynamodb):eu-west-1:111122223333:(stream|table)\/[\w-]+(\/consumer\/\*)?$/,
      );
      for (const action of Action) expect(action).toMatch(/^(kinesis|dynamodb):[A-Za-z]+$/);
    }
  });
});
