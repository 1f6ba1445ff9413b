import { spawnSync } from 'node:child_process';
import { getHeapStatistics, setFlagsFromString, type HeapInfo } from 'node:v8';
import { boundHeapGrowth, HEAP_FLAGS } from '../../../src/worker/heap-growth';

jest.mock('node:v8', () => ({ setFlagsFromString: jest.fn(), getHeapStatistics: jest.fn() }));

const GIB = 1_024 ** 3;

function limitHeap(bytes: number): void {
  jest.mocked(getHeapStatistics).mockReturnValue({ heap_size_limit: bytes } as HeapInfo);
}

function flagsSet(): unknown[] {
  return jest.mocked(setFlagsFromString).mock.calls.flat();
}

describe("V8's flags of a working process", () => {
  beforeEach(() => {
    jest.clearAllMocks();
    limitHeap(4 * GIB);
  });

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

  it('leave a small heap to V8, which lets it grow by less', () => {
    limitHeap(0.5 * GIB);
    boundHeapGrowth([]);
    expect(flagsSet()).toEqual(['--semi-space-growth-factor=16']);
  });

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
