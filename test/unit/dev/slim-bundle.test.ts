import { slimBundle } from '../../../dev/slim-bundle';

const CODE = 'globalThis.x = 1;\n';

function bundleWith(map: object): string {
  const base64 = Buffer.from(JSON.stringify(map)).toString('base64');
  return `${CODE}//# sourceMappingURL=data:application/json;charset=utf-8;base64,${base64}`;
}

function mapOf(bundle: string): unknown {
  const base64 = bundle.slice(bundle.lastIndexOf('base64,') + 'base64,'.length);
  return JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
}

it('a bundle loses the text of its sources, and nothing else', () => {
  const map = { version: 3, file: 'bundle.js', sources: ['a.ts'], names: ['x'], mappings: 'AAAA' };
  const slim = slimBundle(bundleWith({ ...map, sourcesContent: ['const secret = 1;'] }));
  expect(slim.startsWith(CODE)).toBe(true);
  expect(mapOf(slim)).toEqual(map);
});

it('a bundle without a source map is refused: the SDK would refuse it at the start of a worker', () => {
  expect(() => slimBundle(CODE)).toThrow('no source map');
});
