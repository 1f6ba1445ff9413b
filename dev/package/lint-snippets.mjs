// Lints code that is in no file: reads `[{ file, code }]` as JSON from standard input, and prints for each the rules it breaks.
// A program of its own because jest cannot load ESLint's configuration (a dynamic import).
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { ESLint } from 'eslint';

const eslint = new ESLint({ cwd: path.resolve(import.meta.dirname, '../..') });
const broken = [];
for (const { file, code } of JSON.parse(await text(process.stdin))) {
  const [result] = await eslint.lintText(code, { filePath: file });
  broken.push((result?.messages ?? []).map(({ ruleId, message }) => ruleId ?? message));
}
process.stdout.write(JSON.stringify(broken));
