/** The scripted Kinesis as a process of its own: prints `ready <endpoint>` and serves until it is ended. */
import { startScriptedKinesis } from '../../test/support/scripted-kinesis';

async function main(): Promise<void> {
  const { endpoint } = await startScriptedKinesis();
  process.stdout.write(`ready ${endpoint}\n`);
}

void main();
