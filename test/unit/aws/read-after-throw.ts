/**
 * A process that goes on after uncaught errors. Node runs what a read has set going before it takes the buffer for the next read: an error in
 * there, of whatever, makes it go on with the buffer before.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import { SocketMemory } from '../../../src/aws/socket-memory';

const BYTES = 300_000;
let caught = 0;
process.on('uncaughtException', () => (caught += 1));
const server = createServer(({ url = '' }, response) => response.end(Buffer.alloc(BYTES, url.slice(1))));
const memory = new SocketMemory();
const agent = new Agent({ connections: 1, pipelining: 1, connect: { onread: memory.onread } });

function get(letter: string, throws = false): Promise<Buffer[]> {
  const parts: Buffer[] = [];
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return new Promise((resolve, reject) => {
    agent.dispatch(
      { origin, path: `/${letter}`, method: 'GET' },
      {
        onRequestStart: () => undefined,
        onResponseStart: () => undefined,
        onResponseData: (_controller, part) => void parts.push(part),
        onResponseEnd: () => {
          memory.close(parts);
          if (throws)
            process.nextTick(() => {
              throw new Error('of something else');
            });
          resolve(parts);
        },
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}

/** The first and the last letter, where all in between are as many as they should be and the same. */
function lettersOf(parts: readonly Buffer[]): string {
  const text = Buffer.concat(parts).toString();
  return text === text.slice(0, 1).repeat(BYTES) ? text.slice(0, 1) + text.slice(-1) : 'mixed';
}

async function main(): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  for (const letter of ['a', 'b', 'c']) memory.giveBack(await get(letter));
  const kept = await get('k', true);
  const next = await get('d', true);
  const last = await get('e');
  console.log(JSON.stringify({ caught, kept: lettersOf(kept), next: lettersOf(next), last: lettersOf(last) }));
  process.exit(0);
}

void main();
