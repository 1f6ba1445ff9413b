import path from 'node:path';
import type { Contestant } from '../contestant';
import { buildMaven, mavenClassPath } from './maven-build';

const SOURCE = path.join(__dirname, 'kcl');

/** Amazon's own library, with its defaults. */
export const kclJava: Contestant = {
  id: 'kcl-java',
  title: 'KCL for Java',
  // As in kcl/pom.xml.
  version: '3.5.1',
  prepare: (onProgress) => buildMaven(SOURCE, onProgress),
  commandLine: (order) => ({
    command: 'java',
    args: [
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-cp',
      mavenClassPath(SOURCE),
      'race.KclWorker',
      JSON.stringify(order),
    ],
  }),
  isVariant: false,
  isDurable: true,
  reportsCommits: true,
  settings: {},
  startLimitMs: 240_000,
  failoverLimitMs: 300_000,
  standByMs: 30_000,
  idleShards: 20,
  kills: 1,
  handOvers: 1,
};
