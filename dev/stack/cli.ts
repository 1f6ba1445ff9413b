/** `npm run stack`: all servers until Ctrl-C. Options: --servers temporal,dynamodb  --db <file>  --headless */
import { parseArgs } from 'node:util';

import { errorText } from './error-text';
import { type Server, type ServerName } from './server';
import { type Stack, startStack } from './stack';

const NAMES: readonly ServerName[] = ['temporal', 'kinesis', 'dynamodb'];

async function main(): Promise<void> {
  const { servers, db, headless } = readOptions();
  const ended = endSignal();
  const startedAtMs = Date.now();
  const onProgress = (line: string) => console.error(line);
  const starting = startStack({ servers, temporal: { dbFilename: db, headless }, onProgress });
  starting.catch(() => {}); // Reported below, unless a signal comes first.
  const stack = await Promise.race([starting, ended]);
  if (!stack) return; // The keepers end what was started so far.
  print(stack, Date.now() - startedAtMs);
  await ended;
  console.error('stopping');
  await stack.stop();
}

function readOptions(): { servers: ServerName[]; db?: string; headless: boolean } {
  const { values } = parseArgs({
    options: {
      servers: { type: 'string', default: NAMES.join(',') },
      db: { type: 'string' },
      headless: { type: 'boolean', default: false },
    },
  });
  const servers = NAMES.filter((name) => values.servers.split(',').includes(name));
  if (servers.length === 0) throw new Error(`--servers takes some of ${NAMES.join(', ')}`);
  return { servers, db: values.db, headless: values.headless };
}

/** Resolves at the first SIGINT, SIGTERM or SIGHUP; a second one ends the program at once, and the keepers clean up. */
function endSignal(): Promise<undefined> {
  const alive = setInterval(() => {}, 60_000);
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = () => {
      if (asked) process.exit(130);
      asked = true;
      clearInterval(alive);
      resolve(undefined);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
  });
}

function print(stack: Stack, elapsedMs: number): void {
  console.log(`The local stack is up (${(elapsedMs / 1000).toFixed(1)} s):\n`);
  for (const server of stack.servers) console.log(describe(server));
  if ('TEMPORAL_ADDRESS' in stack.env && stack.temporalUiUrl) console.log(`  Web UI    ${stack.temporalUiUrl}`);
  console.log('\nFor another terminal:\n');
  for (const [name, value] of Object.entries(stack.env)) console.log(`export ${name}=${value}`);
  console.log('\nCtrl-C stops it.');
}

function describe({ name, address, origin, pid }: Server): string {
  const from = pid === undefined ? 'given by the environment' : `from ${origin}, pid ${pid}`;
  return `  ${name.padEnd(9)} ${address}  (${from})`;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(errorText(error));
    process.exit(1);
  },
);
