import type { Contestant } from '../contestant';
import { nodeProgram } from '../node-program';
import { installNpmPackage, npmPackageFolder } from './npm-install';

const VERSION = '1.3.3';
/** Of the package's archive, as the registry gives it; npm refuses another. */
const INTEGRITY = 'sha512-/A7u4+flObuzkZhuzlvqozZsnPV6zDdjCQlJLzp6WkltWJlaI9bHBd4tebw6L41M+PwNQEB1oOJekUZqXWGcNA==';
const PACKAGE = { name: 'lifion-kinesis', version: VERSION, integrity: INTEGRITY };

/** The one Node library beside Tidemark that reads without a JVM and shares shards between processes. */
export const lifion: Contestant = {
  id: 'lifion',
  title: 'lifion-kinesis',
  version: VERSION,
  prepare: (onProgress) => installNpmPackage(PACKAGE, onProgress),
  commandLine: (order) => nodeProgram('lifion.ts', order),
  isVariant: false,
  isDurable: true,
  reportsCommits: false,
  settings: { module: npmPackageFolder(PACKAGE) },
  startLimitMs: 120_000,
  failoverLimitMs: 120_000,
  standByMs: 25_000,
  idleShards: 20,
  kills: 1,
  handOvers: 1,
};
