import type { Server } from '../../dev/stack/server';
import { isFerrokinesisWanted, startFerrokinesis } from '../support/emulators/ferrokinesis';
import { startMinistackKinesis } from '../support/emulators/ministack-kinesis';
import { wireContract } from '../support/wire.contract';

/** ferrokinesis is built once. */
const START_LIMIT_MS = 900_000;

jest.setTimeout(60_000);

if (isFerrokinesisWanted())
  describe('ferrokinesis', () => {
    const server = started(startFerrokinesis);
    describe('its pages', () => wireContract({ endpoint: () => server().address, wires: ['cbor', 'json', 'auto'] }));
  });

describe('MiniStack with CBOR', () => {
  const server = started(() => startMinistackKinesis({ knowsCbor: true }));
  describe('its pages', () => wireContract({ endpoint: () => server().address, wires: ['cbor', 'json', 'auto'] }));
});

describe('MiniStack without CBOR', () => {
  const server = started(() => startMinistackKinesis({ knowsCbor: false }));
  describe('its pages', () => wireContract({ endpoint: () => server().address, wires: ['json', 'auto'] }));
});

function started(start: () => Promise<Server>): () => Server {
  let server: Server | undefined;
  beforeAll(async () => {
    server = await start();
  }, START_LIMIT_MS);
  afterAll(async () => server?.stop());
  return () => {
    if (!server) throw new Error('The server has not been started');
    return server;
  };
}
