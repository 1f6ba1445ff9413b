/**
 * Loads the consumer files named as arguments and prints a JSON object: for each the names of its consumers, or the error.
 * A process of its own, because jest cannot `import()` as Node does.
 */
import { loadConsumers } from '../../../src/worker/load-consumer';

async function main(): Promise<void> {
  const outcomes: [string, unknown][] = [];
  for (const file of process.argv.slice(2)) outcomes.push([file, await outcomeOf(file)]);
  console.log(JSON.stringify(Object.fromEntries(outcomes)));
}

async function outcomeOf(file: string): Promise<unknown> {
  try {
    return (await loadConsumers(file)).map(({ options }) => options.name);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { code, message };
  }
}

void main();
