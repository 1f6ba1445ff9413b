import { spawnSync } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import { boundHeapGrowth, HEAP_FLAGS } from '../../../src/worker/heap-growth';

jest.mock('node:v8', () => ({ setFlagsFromString: jest.fn() }));

function flagsSet(): unknown[] {
  return jest.mocked(setFlagsFromString).mock.calls.flat();
}

describe("V8's flags of a working process", () => {
  beforeEach(() => jest.clearAllMocks());

  it('are set', () => {
    boundHeapGrowth([]);
    expect(flagsSet()).toEqual(HEAP_FLAGS);
  });

  it.each(['--heap-growing-percent=200', '--heap_growing_percent=200'])(
    'stand where Node was started with %s',
    (own) => {
      boundHeapGrowth(['--enable-source-maps', own]);
      expect(flagsSet()).toEqual(['--semi-space-growth-factor=16']);
    },
  );

  it('are known to this Node, which says so of any that is not', () => {
    const program = `
      require('node:v8').setFlagsFromString(process.argv[1]);
      require('node:v8').setFlagsFromString(process.argv[2]);`;
    const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', program, '--', ...HEAP_FLAGS], {
      encoding: 'utf8',
    });
    expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 });
  });
});
