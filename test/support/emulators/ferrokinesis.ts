import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { CACHE_DIR } from '../../../dev/stack/paths';
import { awsProbe } from '../../../dev/stack/probes';
import { launch, type Server } from '../../../dev/stack/server';

const PROJECT = path.join(__dirname, 'ferrokinesis');
const TARGET = path.join(CACHE_DIR, 'cargo', 'ferrokinesis-0.7.0');
const LIST_STREAMS = 'Kinesis_20131202.ListStreams';

const PROGRAM = path.join(TARGET, 'release', 'local-ferrokinesis');

/** Whether tests run on it: where it was built before, or where they are asked to. Not every machine has Rust. */
export function isFerrokinesisWanted(): boolean {
  return existsSync(PROGRAM) || process.env.TIDEMARK_TEST_FERROKINESIS !== undefined;
}

/** Starts ferrokinesis on a free port of 127.0.0.1. Cargo builds it into the project's cache, once; that takes minutes. */
export async function startFerrokinesis(): Promise<Server> {
  build();
  const addressOf = (port: number | undefined): string => `http://127.0.0.1:${port}`;
  return launch(
    {
      name: 'kinesis',
      origin: 'cache',
      portCount: 1,
      fixedPorts: [],
      addressOf,
      commandLine: ([port]) => ({
        command: PROGRAM,
        args: [String(port)],
        env: {},
      }),
      probe: ([port]) => awsProbe(addressOf(port), LIST_STREAMS, true),
    },
    {},
  );
}

function build(): void {
  try {
    execFileSync('cargo', ['build', '--release', '--locked', '--quiet'], {
      cwd: PROJECT,
      stdio: 'pipe',
      env: { ...process.env, CARGO_TARGET_DIR: TARGET },
    });
  } catch (cause) {
    throw new Error('This test needs ferrokinesis: install Rust 1.87 or later, so that cargo is on PATH', { cause });
  }
}
