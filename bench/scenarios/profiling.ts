import path from 'node:path';
import { RESULTS_DIR } from '../measure/report';
import type { BenchContext } from './bench-context';

/** Node's arguments for CPU profiles under `bench/results/profiles`, one per thread, if they are asked for. */
export function profiling({ sizes }: BenchContext, subject: string): string[] {
  return sizes.profile ? ['--cpu-prof', `--cpu-prof-dir=${path.join(RESULTS_DIR, 'profiles', subject)}`] : [];
}
