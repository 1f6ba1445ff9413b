import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from '../../dev/stack/paths';
import type { Contestant } from './contestant';
import { nodeProgram } from './node-program';
import { kclJava } from './rivals/kcl-java';
import { kclNode } from './rivals/kcl-node';
import { lifion } from './rivals/lifion';

function installedVersion(name: string): string {
  const file = path.join(PROJECT_ROOT, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function tidemark(variant: string, settings: Contestant['settings']): Contestant {
  const { version } = JSON.parse(readFileSync(path.join(PROJECT_ROOT, 'package.json'), 'utf8')) as { version: string };
  return {
    id: `tidemark-${variant.toLowerCase()}`,
    title: `Tidemark (${variant})`,
    version,
    prepare: () => Promise.resolve(),
    commandLine: (order) => nodeProgram('tidemark.ts', order),
    isVariant: variant !== 'CBOR',
    isDurable: true,
    reportsCommits: true,
    settings,
    startLimitMs: 60_000,
    failoverLimitMs: 60_000,
    standByMs: 6_000,
    idleShards: 100,
    kills: 3,
    handOvers: 5,
  };
}

/** Pages of 1,000 records: with what GetRecords sends at most, 10,000, it is slower and needs twice the memory. */
const naive: Contestant = {
  id: 'naive',
  title: 'naive SDK loop',
  version: `@aws-sdk/client-kinesis ${installedVersion('@aws-sdk/client-kinesis')}`,
  prepare: () => Promise.resolve(),
  commandLine: (order) => nodeProgram('naive.ts', order),
  isVariant: false,
  isDurable: false,
  reportsCommits: false,
  settings: { limit: '1000' },
  startLimitMs: 60_000,
  failoverLimitMs: 0,
  standByMs: 0,
  idleShards: 0,
  kills: 0,
  handOvers: 0,
};

export const CONTESTANTS: readonly Contestant[] = [
  tidemark('CBOR', { wire: 'cbor' }),
  tidemark('JSON', { wire: 'json' }),
  tidemark('fan-out', { source: 'fan-out' }),
  { ...tidemark('data', { wire: 'cbor', takes: 'data' }), isExtra: true },
  naive,
  { ...naive, id: 'naive-full-pages', title: 'naive loop, full pages', isExtra: true, settings: { limit: '10000' } },
  lifion,
  kclJava,
  kclNode,
];
