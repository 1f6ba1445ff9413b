import { appendFileSync, mkdirSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import { PROJECT_ROOT } from '../../dev/stack/paths';
import type { Result } from './result';
import type { Figure } from './statistics';

export const RESULTS_DIR = path.join(PROJECT_ROOT, 'bench', 'results');

/** Where results go: a file of JSON lines always; standard output as JSON lines or as tables. */
export class Report {
  private readonly file: string;

  constructor(private readonly isJson: boolean) {
    mkdirSync(RESULTS_DIR, { recursive: true });
    this.file = path.join(RESULTS_DIR, `${new Date().toISOString().replaceAll(':', '-')}.jsonl`);
  }

  begin(facts: Readonly<Record<string, string | number>>): void {
    const [core] = cpus();
    const machine = { cpu: core?.model ?? 'unknown', cores: cpus().length, memoryGb: Math.round(totalmem() / 2 ** 30) };
    this.writeLine({
      at: new Date().toISOString(),
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
      ...machine,
      ...facts,
    });
  }

  add(results: readonly Result[]): void {
    for (const result of results) this.writeLine(result);
    if (!this.isJson) for (const line of [titleOf(results), tableOf(results)]) console.log(line);
  }

  /** Lines of JSON alone. */
  addRows(rows: readonly object[]): void {
    for (const row of rows) this.writeLine(row);
  }

  /** To standard error where standard output is for JSON alone. */
  text(text: string): void {
    if (this.isJson) console.error(text);
    else console.log(text);
  }

  progress(line: string): void {
    console.error(line);
  }

  end(): void {
    this.progress(`Results: ${path.relative(PROJECT_ROOT, this.file)}`);
  }

  private writeLine(value: unknown): void {
    const line = JSON.stringify(value);
    appendFileSync(this.file, `${line}\n`);
    if (this.isJson) console.log(line);
  }
}

function titleOf(results: readonly Result[]): string {
  const [first] = results;
  if (!first) return '';
  const parameters = Object.entries(first.parameters).map(([name, value]) => `${name} ${value}`);
  return `\n${first.bench} (${parameters.join(', ')})`;
}

/** A column per subject: median, and the range where there is one. */
function tableOf(results: readonly Result[]): string {
  const names = [...new Set(results.flatMap(({ figures }) => Object.keys(figures)))];
  const table = new Table({
    head: ['', ...results.map(({ subject }) => subject)],
    colAligns: ['left', ...results.map(() => 'right' as const)],
    style: { head: [], border: [] },
  });
  for (const name of names) table.push([name, ...results.map(({ figures }) => cellOf(figures[name]))]);
  return table.toString();
}

function cellOf(figure: Figure | undefined): string {
  if (!figure) return '';
  const { median, min, max } = figure;
  return min === max ? show(median) : `${show(median)}  (${show(min)} … ${show(max)})`;
}

function show(value: number): string {
  return value.toLocaleString('en-US', {
    maximumFractionDigits: Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0,
  });
}
