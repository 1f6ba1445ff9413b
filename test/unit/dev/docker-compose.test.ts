import { readFileSync } from 'node:fs';
import path from 'node:path';

import { emulatorSettings } from '../../../dev/stack/kinesis';
import { PROJECT_ROOT } from '../../../dev/stack/paths';
import {
  MINISTACK_VERSION,
  SEARCH_ATTRIBUTES,
  TEMPORAL_CLI_VERSION,
  WORKER_COMMANDS_CONFIG,
} from '../../../dev/stack/pins';

const compose = readFileSync(path.join(PROJECT_ROOT, 'docker-compose.yml'), 'utf8');
const lines = compose.split('\n').map((line) => line.trim());
const emulator = JSON.parse(readFileSync(require.resolve('kinesis-local/package.json'), 'utf8')) as { version: string };

describe('docker-compose.yml', () => {
  it('runs the versions that the local stack runs', () => {
    expect(lines.filter((line) => line.startsWith('image:'))).toEqual([
      `image: temporalio/temporal:${TEMPORAL_CLI_VERSION}`,
      `image: ghcr.io/etspaceman/kinesis-mock:${emulator.version}`,
      `image: ministackorg/ministack:${MINISTACK_VERSION}`,
    ]);
  });

  it('gives Temporal the same search attributes and switches', () => {
    const attributes = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => `- --search-attribute=${name}=${type}`);
    const config = Object.entries(WORKER_COMMANDS_CONFIG).map(
      ([key, value]) => `- --dynamic-config-value=${key}=${value}`,
    );
    expect(lines).toEqual(expect.arrayContaining([...attributes, ...config]));
  });

  it('gives the Kinesis emulator the same settings', () => {
    const settings = Object.entries(emulatorSettings()).map(([name, value]) => `${name}: ${value}`);
    expect(lines.map((line) => line.replaceAll("'", ''))).toEqual(expect.arrayContaining(settings));
  });

  it('publishes on loopback only', () => {
    const published = lines.filter((line) => /^- [\d.:]+:\d+$/.test(line));
    expect(published).toHaveLength(4);
    expect(published.every((line) => line.startsWith('- 127.0.0.1:'))).toBe(true);
  });
});
