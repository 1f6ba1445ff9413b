/**
 * A process that starts a stack and does nothing else until it is killed; run with tsx by the tests of the stack.
 * Prints its process ids as JSON. Argument: StackOptions as JSON.
 */
import { type StackOptions, startStack } from '../../dev/stack';

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '{}') as StackOptions;
  const stack = await startStack(options);
  console.log(JSON.stringify(stack.processes));
  setInterval(() => {}, 60_000);
}

void main();
