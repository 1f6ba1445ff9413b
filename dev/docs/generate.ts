/** `npm run docs:generate` writes the pages that come from the source; `npm run docs:check` (`--check`) fails if they differ. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { format, resolveConfig } from 'prettier';

import { renderPages } from './pages';

const ROOT = path.resolve(__dirname, '../..');

async function generate(isCheck: boolean): Promise<void> {
  const stale: string[] = [];
  for (const [name, text] of renderPages()) {
    const file = path.join(ROOT, name);
    const wanted = await format(text, { ...(await resolveConfig(file)), parser: 'markdown' });
    const found = await readFile(file, 'utf8').catch(() => undefined);
    if (found === wanted) continue;
    stale.push(name);
    if (!isCheck) await writeFile(file, wanted);
  }
  if (isCheck && stale.length > 0) {
    throw new Error(`${stale.join(' and ')} differ from the source. Run: npm run docs:generate`);
  }
  const done = isCheck
    ? 'The generated pages agree with the source.'
    : `wrote ${stale.join(', ') || 'nothing: all agree'}`;
  console.log(done);
}

generate(process.argv.includes('--check')).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
