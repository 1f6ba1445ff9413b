import path from 'node:path';
import { RESULTS_DIR } from '../measure/report';
import type { BenchContext } from './bench-context';

/** Node's arguments for a CPU profile under `bench/results/profiles`, if profiles are asked for. */
export function profiling({ sizes }: BenchContext, subject: string): string[] {
  if (!sizes.profile) return [];
  return [
    '--cpu-prof',
    `--cpu-prof-name=${subject}-${Date.now()}.cpuprofile`,
    `--cpu-prof-dir=${path.join(RESULTS_DIR, 'profiles')}`,
  ];
}
