const { existsSync } = require('node:fs');
const { join } = require('node:path');

// One transform for every project. swc options stay inline: Temporal's workflow bundler would merge a .swcrc.
const shared = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.[mc]?ts$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs', ignoreDynamic: true },
      },
    ],
  },
  moduleFileExtensions: ['ts', 'js', 'json', 'node'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.cache'],
};

const project = (name, more = {}) => ({
  ...shared,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/!(*.slow).test.ts`],
  ...more,
});

/** Servers are started once per run and shared. */
const withStack = {
  globalSetup: '<rootDir>/test/support/global-stack.ts',
  globalTeardown: '<rootDir>/test/support/global-stack-teardown.ts',
};

/** Tests of the tools, of the tests themselves and of the layout, and long drills: `npm run test:slow`. Named `*.slow.test.ts`, beside the others. */
const slow = project('slow', { ...withStack, testMatch: ['<rootDir>/test/**/*.slow.test.ts'] });

const endToEnd = (name) => {
  const file = `test/e2e/${name}.test.ts`;
  if (!existsSync(join(__dirname, file))) throw new Error(`jest.config.js names ${file}, which is not there`);
  return `<rootDir>/${file}`;
};

const CONSUMING = [
  'aggregates.slow',
  'cli-sigterm.slow',
  'control.slow',
  'dead-letters',
  'from-kcl',
  'handler-failure',
  'outages.slow',
  'payload-codec.slow',
  'replay.slow',
  'start-position.slow',
  'stream-identity.slow',
  'table-lost.slow',
  'zombies.slow',
].map(endToEnd);

/** What the end-to-end tests say of polling, on the second source. */
const fanOut = project('fan-out', {
  ...withStack,
  setupFiles: ['<rootDir>/test/support/read-by-fan-out.ts'],
  testMatch: CONSUMING,
});

/** What the tests say of consuming, as if no Kinesis knew CBOR. */
const json = project('json', {
  ...withStack,
  setupFiles: ['<rootDir>/test/support/read-as-json.ts'],
  testMatch: [
    ...CONSUMING,
    endToEnd('wire'),
    '<rootDir>/test/unit/activities/*.test.ts',
    '<rootDir>/test/unit/kinesis/shard-reader*.test.ts',
  ],
});

module.exports = {
  projects: [
    project('unit'),
    project('replay'),
    project('workflow', withStack),
    project('e2e', withStack),
    slow,
    fanOut,
    json,
  ],
  // Tests with servers and processes mostly wait: for heartbeats to time out, for outages to end. Three keep two cores busy.
  maxWorkers: 3,
  testTimeout: 60_000,
};
