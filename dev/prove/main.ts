/** `npm run prove -- <proof>`: proves on real processes, judged by an oracle. */
import { Command } from 'commander';
import { errorText } from '../stack/error-text';
import { controlCommand } from './control/command';
import { crashCommand } from './crash/command';
import { exactlyOnceCommand } from './exactly-once/command';
import { lostRepliesCommand } from './lost-replies/command';
import { poisonCommand } from './poison/command';
import { restoreDrillCommand } from './restore-drill/command';

async function main(): Promise<void> {
  const program = new Command('prove').description('Proofs on real processes, judged by an oracle');
  const proofs = [
    crashCommand,
    controlCommand,
    restoreDrillCommand,
    poisonCommand,
    exactlyOnceCommand,
    lostRepliesCommand,
  ];
  for (const proof of proofs) program.addCommand(proof());
  await program.parseAsync();
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(errorText(error));
    process.exit(1);
  },
);
