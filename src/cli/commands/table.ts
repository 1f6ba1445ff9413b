import type { Command } from 'commander';
import { createDynamodbClient } from '../../aws/clients';
import { createCheckpointTable } from '../../checkpoints/table';
import { DEFAULT_TABLE_NAME } from '../../core/names';
import { addDebugOption } from '../debug-option';
import { httpUrl } from '../option-values';
import { print } from '../output';

interface TableFlags {
  readonly table?: string;
  readonly region?: string;
  readonly endpoint?: string;
}

export function addTableCommand(program: Command): void {
  const table = program.command('table').description('the DynamoDB table that holds checkpoints');
  const create = table
    .command('create')
    .description('create the checkpoint table: keys pk and sk, on-demand capacity, time-to-live on expiresAt')
    .option('--table <name>', `name of the table (default: ${DEFAULT_TABLE_NAME})`)
    .option('--region <region>', 'AWS region (default: as the AWS SDK finds it)')
    .option('--endpoint <url>', 'address of DynamoDB (default: AWS_ENDPOINT_URL_DYNAMODB, else AWS)', httpUrl);
  addDebugOption(create)
    .addHelpText('after', EXAMPLES)
    .action((flags: TableFlags) => createTable(flags));
}

const EXAMPLES = `
A table that exists is checked and left as it is. One table serves many consumers.

Examples:
  $ npx tidemark table create
  $ npx tidemark table create --table my-checkpoints --region eu-west-1`;

async function createTable({ table = DEFAULT_TABLE_NAME, region, endpoint }: TableFlags): Promise<void> {
  const client = createDynamodbClient({ region, dynamodbEndpoint: endpoint });
  try {
    const outcome = await createCheckpointTable(client, table);
    print(
      outcome === 'created'
        ? `Created the checkpoint table ${table}.`
        : `The checkpoint table ${table} exists and fits.`,
    );
  } finally {
    client.destroy();
  }
}
