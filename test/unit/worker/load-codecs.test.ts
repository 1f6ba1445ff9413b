import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCodecs } from '../../../src/worker/load-codecs';

const CODEC = '{ encode: async (payloads) => payloads, decode: async (payloads) => payloads }';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-codecs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, source: string): string {
  const file = join(folder, name);
  writeFileSync(file, source);
  return file;
}

it.each([
  ['typescript.ts', `const one: object = ${CODEC};\nexport const payloadCodecs: object[] = [one, one];`, 2],
  ['module.mjs', `export const payloadCodecs = [${CODEC}];`, 1],
  ['common.cjs', `exports.payloadCodecs = ${CODEC};`, 1],
  ['by-default.ts', `export default { payloadCodecs: [${CODEC}] };`, 1],
])('payload codecs are loaded from %s', async (name, source, count) => {
  const codecs = await loadCodecs(write(name, source));
  expect(codecs).toHaveLength(count);
  expect(await codecs[0]?.encode([{ data: new Uint8Array([1]) }])).toEqual([{ data: new Uint8Array([1]) }]);
});

it.each([
  ['nothing', 'nothing.mjs', 'export const other = 1;'],
  ['an empty list', 'empty.mjs', 'export const payloadCodecs = [];'],
  ['half a codec', 'half.mjs', 'export const payloadCodecs = [{ encode: () => [] }];'],
])('a module that exports %s is refused', async (_what, name, source) => {
  const file = write(name, source);
  await expect(loadCodecs(file)).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('does not export `payloadCodecs`') as string,
  });
});

it('a module that is not there, or fails, is named', async () => {
  const failing = write('failing.ts', "throw new Error('no key');");
  for (const [module, text] of [
    ['./nowhere.ts', 'nowhere.ts'],
    ['no-such-package-of-codecs', 'no-such-package-of-codecs'],
    [failing, 'no key'],
  ] as const)
    await expect(loadCodecs(module)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(text) as string,
    });
});
