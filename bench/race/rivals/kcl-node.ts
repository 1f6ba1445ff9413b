import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CACHE_DIR } from '../../../dev/stack/paths';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../../dev/stack/pins';
import type { CommandLine, Contestant } from '../contestant';
import type { RaceOrder } from '../messages';
import { nodeProgram } from '../node-program';
import { buildMaven, mavenClassPath } from './maven-build';
import { installNpmPackage, npmPackageFolder } from './npm-install';

const SOURCE = path.join(__dirname, 'kcl-node');
const INTEGRITY = 'sha512-ABp4stTVzVhYM8OwvXgXrSybH7bOqvpQmiLiqqnuFbJLCKD6gGHoPeQqZ/zvmW4ZWbjJGZgDWpGSBtQxIarXew==';
const PACKAGE = { name: 'aws-kcl', version: '2.3.2', integrity: INTEGRITY };
const ORDERS = path.join(CACHE_DIR, 'race', 'kcl-node-orders');

/** Amazon's library for Node: its daemon in Java with a Node process per shard. */
export const kclNode: Contestant = {
  id: 'kcl-node',
  title: 'KCL for Node',
  // The daemon's as in kcl-node/pom.xml.
  version: `aws-kcl ${PACKAGE.version}, daemon 3.1.3`,
  prepare: async (onProgress) => {
    await installNpmPackage(PACKAGE, onProgress);
    await buildMaven(SOURCE, onProgress);
  },
  commandLine: daemon,
  isVariant: true,
  isDurable: true,
  reportsCommits: true,
  settings: { module: npmPackageFolder(PACKAGE) },
  startLimitMs: 240_000,
  failoverLimitMs: 300_000,
  standByMs: 30_000,
  idleShards: 0,
  kills: 1,
  handOvers: 1,
};

function daemon(order: RaceOrder): CommandLine {
  mkdirSync(ORDERS, { recursive: true });
  const file = path.join(ORDERS, `${order.worker}.properties`);
  writeFileSync(file, propertiesOf(order));
  return {
    command: 'java',
    args: [
      '-cp',
      mavenClassPath(SOURCE),
      'software.amazon.kinesis.multilang.MultiLangDaemon',
      '--properties-file',
      file,
      '--log-configuration',
      path.join(SOURCE, 'logback.xml'),
    ],
    env: {
      AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
      AWS_REGION: LOCAL_REGION,
    },
  };
}

/** With the daemon's defaults, but for what the race gives all contestants. */
function propertiesOf(order: RaceOrder): string {
  const { command, args } = nodeProgram('kcl-node.ts', order);
  const properties = {
    // The daemon takes it apart at blanks; there is none in an order.
    executableName: [command, ...args].join(' '),
    streamName: order.stream,
    applicationName: order.application,
    workerId: order.worker,
    AwsCredentialsProvider: 'EnvironmentVariableCredentialsProvider',
    initialPositionInStream: 'TRIM_HORIZON',
    regionName: LOCAL_REGION,
    kinesisEndpoint: order.kinesisEndpoint,
    dynamoDBEndpoint: order.dynamodbEndpoint,
    metricsLevel: 'NONE',
    // As the KCL for Java beside it. The daemon's own default is enhanced fan-out.
    retrievalMode: 'POLLING',
    ...(order.isTuned ? { idleTimeBetweenReadsInMillis: '0' } : {}),
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}
