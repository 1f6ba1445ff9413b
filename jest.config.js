// One transform for every project. swc options stay inline: Temporal's workflow bundler would merge a .swcrc.
const shared = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.[mc]?ts$': [
      '@swc/jest',
      { swcrc: false, jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs', ignoreDynamic: true } },
    ],
  },
  moduleFileExtensions: ['ts', 'js', 'json', 'node'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.cache'],
};

const project = (name, more = {}) => ({
  ...shared,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  ...more,
});

module.exports = {
  projects: [project('unit'), project('replay'), project('workflow'), project('e2e')],
};
