import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { Agent } from 'undici';
import { SocketMemory } from '../../../src/aws/socket-memory';
import { emulatorCertificate } from '../../../bench/servers/certificate';

const PIECE = 64 * 1_024;
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
  afterEach(() => agent.destroy());

  function get(path: string): Promise<Buffer[]> {
    const { port } = server.address() as AddressInfo;
    const parts: Buffer[] = [];
    return new Promise((resolve, reject) => {
      agent.dispatch(
        { origin: `${protocol}://127.0.0.1:${port}`, path, method: 'GET' },
        {
          onRequestStart: () => undefined,
          onResponseStart: () => undefined,
          onResponseData: (_controller, chunk) => void parts.push(chunk),
          onResponseEnd: () => resolve(parts),
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

  it('reads into what was given back, whose views are empty from then on', async () => {
    const parts = await get('/1/500000');
    const [first] = parts;
    const made = jest.spyOn(Buffer, 'allocUnsafeSlow');
    memory.giveBack(parts);
    expect(first).toHaveLength(0);
    const large = (await get('/2/300000')).filter(({ buffer }) => buffer.byteLength === PIECE);
    expect(large.length).toBeGreaterThan(2);
    expect(made).not.toHaveBeenCalled();
    made.mockRestore();
  });

  it('copies what is small: an answer without records holds no piece', async () => {
    for (const seed of [1, 2, 3]) {
      const parts = await get(`/${seed}/100`);
      expect(isExpected(`/${seed}/100`, parts)).toBe(true);
      expect(parts.every(({ buffer }) => buffer.byteLength < PIECE)).toBe(true);
      memory.giveBack(parts);
      expect(parts.every(({ length }) => length === 0)).toBe(true);
    }
  });
});

function pieceOf(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(bytes);
}

it('takes memory back once, and reads into pieces only', () => {
  const memory = new SocketMemory();
  const [piece, other] = [pieceOf(PIECE), pieceOf(PIECE + 1)];
  memory.giveBack([piece.subarray(0, 10), other, piece.subarray(10)]);
  memory.giveBack([piece]);
  expect([piece.length, other.length]).toEqual([0, 0]);
  const made = jest.spyOn(Buffer, 'allocUnsafeSlow');
  const next = memory.onread.buffer as () => Uint8Array;
  const [one, two] = [next(), next()];
  expect([one.byteLength, two.byteLength, made.mock.calls.length]).toEqual([PIECE, PIECE, 1]);
  expect(one.buffer).not.toBe(two.buffer);
  made.mockRestore();
});

it('keeps no more than 16 MiB', () => {
  const memory = new SocketMemory();
  memory.giveBack(Array.from({ length: 300 }, () => pieceOf(PIECE)));
  const made = jest.spyOn(Buffer, 'allocUnsafeSlow');
  for (let index = 0; index < 300; index += 1) (memory.onread.buffer as () => Uint8Array)();
  expect(made).toHaveBeenCalledTimes(300 - 256);
  made.mockRestore();
});
