import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/**
 * With `taskset` and two cores or more, the process under test has core 0 for itself and everything else the other cores;
 * otherwise they disturb each other, and wall times mean less.
 */
export class Pinning {
  private constructor(readonly isOn: boolean) {}

  /** Moves this process, and with it every server it starts from now on, off the core of the process under test. */
  static apply(): Pinning {
    const cores = availableParallelism();
    if (cores < 2) return new Pinning(false);
    const others = cores === 2 ? '1' : `1-${cores - 1}`;
    const done = spawnSync('taskset', ['-a', '-c', '-p', others, String(process.pid)], { stdio: 'ignore' });
    return new Pinning(done.status === 0);
  }

  /** The command line that runs `command` on the core of the process under test. */
  alone(command: readonly string[]): readonly string[] {
    return this.isOn ? ['taskset', '-c', '0', ...command] : command;
  }

  describe(): string {
    return this.isOn ? 'core 0 for the process under test, the others for all servers' : 'none';
  }
}
