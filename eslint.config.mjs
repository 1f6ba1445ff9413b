import path from 'node:path';
import { defineConfig } from 'eslint/config';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const ROOT = import.meta.dirname;
const ANYTHING = '.*';

/**
 * What each folder of src may import: other folders, and packages (Node's own among them). docs/architecture.md explains the worlds;
 * test/unit/package-boundaries.slow.test.ts plants an offence against each of these rules.
 */
const worlds = {
  core: { folders: [], packages: [] },
  workflows: {
    folders: ['core', 'activities'],
    packages: ['@temporalio/workflow(/lib/(cancellation-scope|stack-helpers))?', '@temporalio/common'],
  },
  activities: {
    folders: ['core', 'kinesis', 'checkpoints', 'dead-letters', 'handler', 'temporal', 'tracing'],
    packages: ['@temporalio/activity', '@temporalio/client', '@temporalio/common', '@opentelemetry/api', 'node:.*'],
  },
  kinesis: { folders: ['core', 'aws'], packages: ['@aws-sdk/client-kinesis', '@smithy/.*', 'node:.*'] },
  checkpoints: {
    folders: ['core', 'aws'],
    packages: ['@aws-sdk/client-dynamodb', '@aws-sdk/util-dynamodb', 'node:.*'],
  },
  // Letters stand in the table of the checkpoints.
  'dead-letters': {
    folders: ['core', 'aws', 'checkpoints'],
    packages: ['@aws-sdk/client-dynamodb', '@aws-sdk/util-dynamodb', 'node:.*'],
  },
  aws: {
    folders: ['core', 'kinesis', 'checkpoints', 'dead-letters'],
    packages: ['undici', '@aws-sdk/.*', '@smithy/.*', 'node:.*'],
  },
  // Effects that a handler hands over are typed as the SDK types them; a handler's thread must not load the SDK for that.
  handler: { folders: ['core', 'kinesis', 'tracing'], packages: ['node:.*'], typesOf: ['@aws-sdk/client-dynamodb'] },
  // Spans around what others do: the API alone, which does nothing until an application registers an SDK.
  tracing: { folders: ['core'], packages: ['@opentelemetry/api'] },
  // It listens to what activities publish, and knows nothing else of them.
  metrics: { folders: ['core', 'activities'], packages: ['@temporalio/common', 'node:.*'] },
  temporal: {
    folders: ['core'],
    packages: ['@temporalio/client', '@temporalio/common', '@temporalio/envconfig', 'node:.*'],
  },
  worker: {
    // index.ts: a consumer file that does not find the package gets this one.
    folders: [
      'core',
      'activities',
      'aws',
      'kinesis',
      'checkpoints',
      'dead-letters',
      'handler',
      'metrics',
      'temporal',
      'index.ts',
    ],
    packages: ['@temporalio/worker', '@temporalio/common', 'jiti', 'node:.*'],
  },
  client: {
    folders: ['core', 'aws', 'kinesis', 'checkpoints', 'dead-letters', 'handler', 'temporal'],
    packages: ['@temporalio/client', '@temporalio/common', 'node:.*'],
  },
  testing: { folders: ['core', 'kinesis', 'checkpoints', 'dead-letters', 'handler'], packages: ['node:.*'] },
  doctor: {
    folders: ['core', 'aws', 'kinesis', 'checkpoints', 'handler', 'temporal'],
    packages: ['@aws-sdk/client-.*', '@temporalio/client', 'node:.*'],
  },
  cli: {
    folders: [
      'core',
      'aws',
      'kinesis',
      'checkpoints',
      'dead-letters',
      'handler',
      'temporal',
      'worker',
      'client',
      'doctor',
    ],
    packages: [ANYTHING],
  },
};

function boundariesOf([folder, { folders, packages, typesOf = [] }]) {
  const known = [...packages, ...typesOf].join('|') || '(?!)';
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: {
      'import-x/no-restricted-paths': [
        'error',
        {
          zones: [
            {
              target: path.join(ROOT, 'src', folder),
              from: path.join(ROOT, 'src'),
              except: [folder, ...folders].map((name) => `./${name}`),
              message: `src/${folder} may import ${folders.join(', ') || 'nothing'} beside itself.`,
            },
          ],
        },
      ],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: `^(?!\\.|(?:${known})$)`, message: `src/${folder} may not import this package.` },
            ...(folder === 'workflows' ? [ACTIVITIES_AS_TYPES] : []),
            ...typesOf.map((name) => ({
              regex: `^${name}$`,
              allowTypeImports: true,
              message: `src/${folder} knows this package as types only: import type.`,
            })),
          ],
        },
      ],
    },
  };
}

/** A value import would be dropped silently while only its types are used, and break the bundle on the day it is not. */
const ACTIVITIES_AS_TYPES = {
  regex: '/activities(/|$)',
  allowTypeImports: true,
  message: 'Workflows know activities as types only: import type.',
};

const MODULE = ':matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration';
const READONLY = '[id.typeAnnotation.typeAnnotation.typeName.name=/^Readonly/]';
const READONLY_LIST = "[id.typeAnnotation.typeAnnotation.type='TSTypeOperator']";
const CONSTANT = `${MODULE} > VariableDeclarator:not(${READONLY}):not(${READONLY_LIST})`;

/** Modules of the workflow bundle hold nothing that changes: the usual ways to hold it. */
const moduleState = [
  `${MODULE}[kind!='const']`,
  `${CONSTANT} > NewExpression[callee.name=/^(Weak)?(Map|Set)$|^Array$/]`,
  `${CONSTANT} > ArrayExpression[elements.length=0]`,
  `${CONSTANT} > ObjectExpression[properties.length=0]`,
  `${MODULE} > VariableDeclarator > Literal[regex.flags=/[gy]/]`,
  'PropertyDefinition[static=true]:not([readonly=true])',
].map((selector) => ({
  selector,
  message:
    'All workflows of a worker share the module (decision 31): state belongs into the workflow; a constant has a read-only type.',
}));

/** core has no clock, no random and no I/O: they are arguments. */
const pureCore = {
  files: ['src/core/**/*.ts'],
  rules: {
    'no-restricted-globals': [
      'error',
      ...Object.keys(globals.node).filter((name) => !(name in globals.es2024) && name !== 'URL'),
    ],
    'no-restricted-properties': ['error', { object: 'Date', property: 'now' }, { object: 'Math', property: 'random' }],
    'no-restricted-syntax': [
      'error',
      {
        selector: "NewExpression[callee.name='Date'][arguments.length=0]",
        message: 'The time is an argument in core.',
      },
      ...moduleState,
    ],
  },
};

const statelessWorkflows = {
  files: ['src/workflows/**/*.ts'],
  rules: { 'no-restricted-syntax': ['error', ...moduleState] },
};

const size = {
  'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
  'max-params': ['error', 4],
  'max-depth': ['error', 4],
  complexity: ['error', 12],
};

export default defineConfig(
  { ignores: ['dist/', '.cache/', 'coverage/', 'node_modules/'] },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: ROOT } },
    settings: {
      ...importX.flatConfigs.typescript.settings,
      'import-x/resolver-next': [createTypeScriptImportResolver({ project: path.join(ROOT, 'tsconfig.json') })],
    },
    rules: {
      ...size,
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      // A port's method that happens not to wait, and the reason of an AbortSignal, which is of type any.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'import-x/no-cycle': 'error',
    },
  },
  ...Object.entries(worlds).map(boundariesOf),
  pureCore,
  statelessWorkflows,
  { files: ['src/**/*.ts'], rules: { 'import-x/no-default-export': 'error' } },
  { files: ['src/index.ts'], rules: { 'no-restricted-imports': ['error', { patterns: ['**/cli/**'] }] } },
  {
    // A suite is one function.
    files: ['test/**/*.ts', 'examples/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      // jest's matchers (expect.any, expect.objectContaining) are of type any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
    },
  },
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: { globals: globals.node },
    rules: { ...size, eqeqeq: 'error', 'no-undef': 'error', 'no-unused-vars': 'error', 'prefer-const': 'error' },
  },
  { files: ['**/*.{js,cjs}'], languageOptions: { sourceType: 'commonjs' } },
);
