import type { AirportFigures } from './flights';

/** What `--json` prints. */
export interface DemoResult {
  readonly put: number;
  /** Records given to the handler, each as often as it was given. */
  readonly handled: number;
  readonly duplicates: number;
  /** Records put whose handler never succeeded. */
  readonly lost: number;
  /** Airports whose figures differ from those of the file. */
  readonly mismatches: number;
  /** From kill -9 to the first batch of one of the dead worker's shards in the other worker. */
  readonly resumeMs: number;
  readonly shardsBefore: number;
  /** All shards of the stream, those closed by the reshard included. */
  readonly shardsAfter: number;
}

export function isRight({ lost, mismatches }: DemoResult): boolean {
  return lost === 0 && mismatches === 0;
}

export interface Mismatch {
  readonly airport: string;
  readonly expected: AirportFigures | undefined;
  readonly found: AirportFigures | undefined;
}

export function compareFigures(
  expected: ReadonlyMap<string, AirportFigures>,
  found: ReadonlyMap<string, AirportFigures>,
): Mismatch[] {
  const airports = new Set([...expected.keys(), ...found.keys()]);
  return [...airports]
    .map((airport) => ({ airport, expected: expected.get(airport), found: found.get(airport) }))
    .filter(({ expected: a, found: b }) => a?.flights !== b?.flights || a?.delayMinutes !== b?.delayMinutes);
}
