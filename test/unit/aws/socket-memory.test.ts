import { execFile } from 'node:child_process';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { Agent } from 'undici';
import { emulatorCertificate } from '../../../bench/servers/certificate';
import { heldBytes, joinedParts, SocketMemory } from '../../../src/aws/socket-memory';

const KIB = 1_024;
const PIECE = 128 * KIB;
/** A body of so many bytes, told by its path; each byte depends on the path and its place. */
const serve: RequestListener = (message, response) => {
  const path = message.url ?? '';
  message.resume().on('end', () => response.end(bodyOf(path)));
};

function bodyOf(path: string): Buffer {
  const [, seed = 0, bytes = 0] = path.split('/').map(Number);
  const body = Buffer.allocUnsafe(bytes);
  for (let at = 0; at < bytes; at += 1) body[at] = (at * 7 + (at >> 8) + seed) & 0xff;
  return body;
}

describe.each(['http', 'https'] as const)('over %s', (protocol) => {
  const server = protocol === 'http' ? createServer(serve) : createTlsServer(emulatorCertificate(), serve);
  let memory: SocketMemory;
  let agent: Agent;

  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => void server.close());
  beforeEach(() => {
    memory = new SocketMemory();
    const { onread } = memory;
    agent = new Agent({ connections: 4, pipelining: 1, connect: { rejectUnauthorized: false, onread } });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await agent.destroy();
  });

  function get(path: string, more: readonly Buffer[] = []): Promise<Buffer[]> {
    const { port } = server.address() as AddressInfo;
    const parts: Buffer[] = [];
    return new Promise((resolve, reject) => {
      agent.dispatch(
        { origin: `${protocol}://127.0.0.1:${port}`, path, method: 'GET' },
        {
          onRequestStart: () => undefined,
          onResponseStart: () => undefined,
          onResponseData: (_controller, chunk) => void parts.push(chunk),
          onResponseEnd: () => {
            memory.close([...parts, ...more]);
            resolve(parts);
          },
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
  }

  const isExpected = (path: string, parts: readonly Buffer[]): boolean => Buffer.concat(parts).equals(bodyOf(path));

  it('gives every answer its own bytes, for as long as nobody gives them back', async () => {
    const answer = fc.record({
      seed: fc.nat(255),
      bytes: fc.oneof(fc.nat(9_000), fc.nat(400_000)),
      isKept: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(answer, { minLength: 1, maxLength: 8 }), { maxLength: 4 }), async (lanes) => {
        const kept: [string, Buffer[]][] = [];
        await Promise.all(
          lanes.map(async (lane) => {
            for (const { seed, bytes, isKept } of lane) {
              const path = `/${seed}/${bytes}`;
              const parts = await get(path);
              expect(isExpected(path, parts)).toBe(true);
              if (isKept) kept.push([path, parts]);
              else memory.giveBack(parts);
            }
          }),
        );
        for (const [path, parts] of kept) expect(isExpected(path, parts)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('puts a large answer into few pieces, and the next one into those that were given back', async () => {
    const parts = await get('/1/1000000');
    // Reads of a third of a piece and more leave a third of it, at worst.
    expect(heldBytes(parts)).toBeLessThan(1_600_000);
    const made = jest.spyOn(Buffer, 'allocUnsafeSlow');
    memory.giveBack(parts);
    expect(parts.every(({ length }) => length === 0)).toBe(true);
    expect(isExpected('/2/900000', await get('/2/900000'))).toBe(true);
    // Its beginning is copied as it is; reads may be cut in other places, so that a piece or two more are needed.
    expect(made.mock.calls.filter(([bytes]) => bytes === PIECE).length).toBeLessThanOrEqual(2);
  });

  it('lets a small answer hold no more than it has', async () => {
    for (const seed of [1, 2, 3]) {
      const parts = await get(`/${seed}/5000`);
      expect(isExpected(`/${seed}/5000`, parts)).toBe(true);
      expect(heldBytes(parts)).toBeLessThan(6_000);
      memory.giveBack(parts);
      expect(parts.every(({ length }) => length === 0)).toBe(true);
    }
  });

  it('never adds to the memory of an answer that has come, whatever its size', async () => {
    const sizes = [20_000, 40_000, 100_000, 10, 150_000, 33_000];
    const answers: [string, Buffer[]][] = [];
    // Node makes a copy of what has waited in a stream: the last part may be in memory of another kind.
    const more = [Buffer.from('a copy')];
    for (const bytes of sizes) answers.push([`/7/${bytes}`, await get(`/7/${bytes}`, more)]);
    const memories = answers.map(([, parts]) => new Set(parts.map(({ buffer }) => buffer)));
    expect(memories.reduce((sum, { size }) => sum + size, 0)).toBe(new Set(memories.flatMap((set) => [...set])).size);
    answers.forEach(([, parts], index) => index % 2 === 0 && memory.giveBack(parts));
    for (const [path, parts] of answers.filter((_, index) => index % 2 === 1))
      expect(isExpected(path, parts)).toBe(true);
  });
});

it('keeps answers apart in a process that survives an error which was thrown while a socket was read', async () => {
  const program = path.join(__dirname, 'read-after-throw.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program]);
  expect(JSON.parse(stdout)).toEqual({ caught: 2, kept: 'kk', next: 'dd', last: 'ee' });
});

it('takes memory back once, and none that is not its own', () => {
  const memory = new SocketMemory();
  const stranger = Buffer.from('of the pool that everybody uses');
  memory.giveBack([stranger, Buffer.allocUnsafeSlow(PIECE)]);
  expect(stranger.toString()).toMatch(/^of the pool/);
});

it('makes one part of two only where one follows the other in the same memory', () => {
  const [memory, other] = [Buffer.allocUnsafeSlow(30), Buffer.allocUnsafeSlow(30)];
  const first = memory.subarray(0, 10);
  expect(joinedParts(undefined, first)).toBeUndefined();
  expect(joinedParts(first, other.subarray(10, 20))).toBeUndefined();
  expect(joinedParts(first, memory.subarray(11, 20))).toBeUndefined();
  const joined = joinedParts(first, memory.subarray(10, 20));
  expect([joined?.buffer, joined?.byteOffset, joined?.length]).toEqual([memory.buffer, 0, 20]);
});
