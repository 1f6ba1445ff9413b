import { readFileSync } from 'node:fs';

/** The self-signed certificate that kinesis-local brings: one that nobody trusts, so none has to be made or kept. */
export function emulatorCertificate(): { key: string; cert: string } {
  const file = require.resolve('kinesis-local/server.json');
  const { server } = JSON.parse(readFileSync(file, 'utf8')) as { server: { key: string; cert: string } };
  return { key: server.key, cert: server.cert };
}
