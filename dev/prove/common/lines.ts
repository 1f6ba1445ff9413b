/**
 * What workers of the proofs with many records write down, one JSON line a batch or event, and not a line a record. Written before the
 * next step and not synced: a killed process loses nothing of it, and the machine is not what dies here.
 */
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Position } from '../../../src/core/positions';
import { parseSequenceNumber } from '../../../test/support/scripted-kinesis/sequence-numbers';
import type { Ranges } from './ranges';

interface Stamp {
  /** CLOCK_MONOTONIC, microseconds: comparable between the processes of one machine. */
  readonly t: number;
  readonly worker: string;
}

interface OfShard {
  readonly shard: string;
  /** Larger for every later owner of the shard. */
  readonly fence: number;
}

/** The handler has got these records. */
export interface BeginLine extends OfShard {
  readonly kind: 'begin';
  readonly attempt: number;
  readonly records: Ranges;
}

/** The handler's effect on these records has taken place. */
export interface HandledLine extends OfShard {
  readonly kind: 'handled';
  readonly records: Ranges;
}

/** A write of the checkpoint that succeeded. It took effect between `sent` and `t`. */
interface Write extends OfShard {
  /** As `t`. */
  readonly sent: number;
}

export interface ClaimedLine extends Write {
  readonly kind: 'claimed';
  /** runId/activityId/attempt of the execution. */
  readonly slice: string;
}

/** Positions are numbers: see `placeOf`. */
export interface CommittedLine extends Write {
  readonly kind: 'committed';
  readonly slice: string;
  readonly from: number;
  readonly to: number;
  readonly records: number;
}

/** A claim or commit that was refused. */
export interface FencedLine {
  readonly kind: 'fenced';
  readonly shard: string;
  readonly slice: string;
}

/** A worker process is about to take work. */
export interface ReadyLine {
  readonly kind: 'ready';
}

/** A worker process has ended by itself. Written by whoever saw it. */
export interface DiedLine {
  readonly kind: 'died';
  readonly reason: string;
}

/** One call of a handler that writes effects. */
export interface EffectsLine {
  readonly kind: 'effects';
  readonly sink: string;
  readonly records: number;
  /** Records that the sink knew already. */
  readonly refused: number;
}

export type LineContent =
  BeginLine | HandledLine | ClaimedLine | CommittedLine | FencedLine | ReadyLine | DiedLine | EffectsLine;

export type Line = LineContent & Stamp;

export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

export class LineWriter {
  private readonly descriptor: number;

  /** Refuses a file that exists. */
  constructor(
    file: string,
    private readonly worker: string,
  ) {
    this.descriptor = openSync(file, 'ax');
  }

  write(content: LineContent, worker = this.worker): void {
    const line: Line = { ...content, t: nowUs(), worker };
    writeSync(this.descriptor, `${JSON.stringify(line)}\n`);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

const SUFFIX = '.lines';

export function linesFile(folder: string, name: string): string {
  return join(folder, `${name}${SUFFIX}`);
}

/** Every line of a run in the order of time. A last line that a kill has torn is left out. */
export async function readLines(folder: string): Promise<Line[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(SUFFIX));
  const lines: Line[] = [];
  for (const name of names) await readFile(join(folder, name), lines);
  return lines.sort((a, b) => a.t - b.t);
}

async function readFile(file: string, lines: Line[]): Promise<void> {
  let rest = '';
  for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
    const parts = (rest + String(chunk)).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) lines.push(JSON.parse(part) as Line);
  }
}

/** Place of a record in its stream: the scripted Kinesis numbers them. */
export function ordinalOf(sequenceNumber: string): number {
  const parts = parseSequenceNumber(sequenceNumber);
  if (parts === undefined) throw new Error(`not a sequence number of the scripted Kinesis: ${sequenceNumber}`);
  return parts.ordinal;
}

/** A position as a number: it covers every record of its shard whose ordinal is not larger. */
export function placeOf(position: Position): number {
  if (position.at === 'AFTER') return ordinalOf(position.sequenceNumber);
  return position.at === 'SHARD_END' ? Number.MAX_SAFE_INTEGER : 0;
}
