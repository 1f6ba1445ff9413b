import { readFile } from 'node:fs/promises';
import { ScanCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Scene } from './scene';

type Holds = (content: string | Uint8Array) => boolean;

/** Attributes that hold the records themselves, on purpose. */
const PAYLOADS = ['payload'];

/** Where a text is found that only records have: histories, status, rows of the table. Names of places, never what stands there. */
export async function searchLeaks(scene: Scene, tableName: string, holds: Holds): Promise<string[]> {
  return [
    ...(await searchHistories(scene, holds)),
    ...(await searchStatus(scene, holds)),
    ...(await searchRows(scene, tableName, holds)),
  ];
}

/** Of every run of every workflow, continued ones too. */
async function searchHistories({ temporal, definition, incarnation }: Scene, holds: Holds): Promise<string[]> {
  const { name } = definition.options;
  const query = `WorkflowId STARTS_WITH 'tidemark/${name}/${incarnation.streamName}'`;
  const found: string[] = [];
  let histories = 0;
  for await (const { workflowId, runId } of temporal.workflow.list({ query })) {
    histories += 1;
    const history = await temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const event of history.events ?? []) {
      if (isIn(event, holds)) found.push(`the history of ${workflowId}, event ${String(event.eventId)}`);
    }
  }
  if (histories === 0) throw new Error('Temporal lists no workflow of the run: its histories were not searched');
  return found;
}

async function searchStatus({ client, definition }: Scene, holds: Holds): Promise<string[]> {
  return isIn(await client.status(definition), holds) ? ['the status'] : [];
}

async function searchRows({ services, incarnation }: Scene, TableName: string, holds: Holds): Promise<string[]> {
  const found: string[] = [];
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await services.dynamodb.send(new ScanCommand({ TableName, ExclusiveStartKey }));
    for (const item of page.Items ?? []) {
      if (!item.pk?.S?.includes(incarnation.streamName)) continue;
      const told = Object.entries(item).filter(([name]) => !PAYLOADS.includes(name));
      for (const [name, value] of told)
        if (isIn(value, holds)) found.push(`attribute ${name} of ${item.pk.S} ${item.sk?.S}`);
    }
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return found;
}

/** Looks into the logs of processes as they end. */
export class LeakyLogs {
  private readonly searches: Promise<string[]>[] = [];

  constructor(private readonly holds: Holds) {}

  search(name: string, file: string): void {
    const search = readFile(file).then((content) => (this.holds(content) ? [`the log of ${name}`] : []));
    // Whoever asks for what was found is told.
    search.catch(() => undefined);
    this.searches.push(search);
  }

  async found(): Promise<string[]> {
    return (await Promise.all(this.searches)).flat();
  }
}

/** Looks into texts and bytes of any depth. */
function isIn(value: unknown, holds: Holds): boolean {
  if (typeof value === 'string' || value instanceof Uint8Array) return holds(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) => holds(name) || isIn(inner, holds));
}
