import { TidemarkClient, createWorker, defineConsumer } from '../../../src';
import { assertEncrypted } from '../../../src/temporal/plaintext';

const REFUSAL = {
  code: 'INVALID_OPTION',
  message: expect.stringMatching(/would be spoken to in plain text\. .*--tls/),
};

describe('plain text to Temporal', () => {
  it.each(['127.0.0.1:7233', '127.8.9.1:1', 'localhost:7233', 'localhost', '[::1]:7233', '::1'])(
    'stays on this machine at %s',
    (address) => {
      expect(() => assertEncrypted({ address })).not.toThrow();
    },
  );

  it.each([
    'temporal:7233',
    '10.0.0.1:7233',
    '127.0.0.1.example.com:7233',
    'localhost.example:1',
    '[::2]:7233',
    '0.0.0.0:1',
  ])('leaves this machine at %s, and is refused', (address) => {
    const attempt = (): void => assertEncrypted({ address });
    expect(attempt).toThrow(expect.objectContaining(REFUSAL) as Error);
    expect(() => assertEncrypted({ address }, true)).not.toThrow();
    for (const more of [{ tls: true }, { tls: {} }, { apiKey: 'key' }])
      expect(() => assertEncrypted({ address, ...more })).not.toThrow();
  });

  it('is plain text with an API key too, if TLS is off', () => {
    expect(() => assertEncrypted({ address: 'temporal:7233', apiKey: 'key', tls: false })).toThrow(/plain text/);
  });

  it('is refused by client and worker before anything is sent', async () => {
    const temporal = { address: 'temporal.invalid:7233' };
    await expect(TidemarkClient.connect(temporal)).rejects.toMatchObject(REFUSAL);
    const consumer = defineConsumer({ name: 'a', stream: 's', startFrom: 'LATEST', handler: () => undefined });
    await expect(createWorker([consumer], { temporal })).rejects.toMatchObject(REFUSAL);
    const allowed = TidemarkClient.connect({ address: '127.0.0.1:1', allowPlaintext: true });
    await expect(allowed).rejects.toMatchObject({ code: 'TEMPORAL_UNAVAILABLE' });
  }, 30_000);
});
