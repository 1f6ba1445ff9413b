import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Where the histories of every release are kept. */
export const HISTORIES_DIR = path.resolve(__dirname, '../../test/replay/histories');

const FILE = /^v(\d+\.\d+\.\d+)-([a-z0-9-]+)\.json$/;

export interface HistoryFile {
  readonly file: string;
  readonly release: string;
  readonly scenario: string;
}

export function fileOf(release: string, scenario: string): string {
  return path.join(HISTORIES_DIR, `v${release}-${scenario}.json`);
}

/** Every file of the folder; throws on one whose name is not `v<release>-<scenario>.json`. */
export function listHistoryFiles(): HistoryFile[] {
  if (!existsSync(HISTORIES_DIR)) return [];
  return readdirSync(HISTORIES_DIR).map((name) => {
    const [, release, scenario] = FILE.exec(name) ?? [];
    if (!release || !scenario) throw new Error(`${name} is not named v<release>-<scenario>.json`);
    return { file: path.join(HISTORIES_DIR, name), release, scenario };
  });
}

export function readHistory(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

export function writeHistory(file: string, history: unknown): void {
  mkdirSync(HISTORIES_DIR, { recursive: true });
  writeFileSync(file, `${JSON.stringify(history, null, 1)}\n`);
}
