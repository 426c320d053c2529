import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { depConstraints } from './tools/boundaries.mjs';

const testFiles = ['**/*.test.ts', '**/testing/**/*.ts', '**/contract/**/*.ts', 'libs/testkit/**/*.ts'];
const pureRooms = ['libs/{base,testkit,model,codec,frame,wire,config,ports,telemetry,kit,sim}/**/*.ts', 'libs/{core,services}/**/*.ts'];

/** Of rooms without I/O, and of tests. */
const pureSyntax = [
  { selector: 'ExportAllDeclaration', message: 'Re-export by name.' },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Take nowMs as an argument.' },
];

/** Packages with exactly one room that may load them. */
const oneRoomOnly = [
  { name: 'better-sqlite3', message: 'Only libs/adapters/sqlite loads SQLite; take a port.' },
  { name: 'typeorm', message: 'Only libs/adapters/typeorm loads TypeORM; take a port.' },
  { name: 'pino', message: 'Only libs/adapters/system loads pino; take the Log port.' },
  { name: 'prom-client', message: 'Only libs/adapters/system loads prom-client; take the Metrics port.' },
  { name: 'smol-toml', message: 'Only libs/config reads TOML.' },
];
/** The same for a family of packages. */
const openTelemetry = { group: ['@opentelemetry/*'], message: 'Only libs/adapters/otel loads OpenTelemetry; take the Tracer port.' };
const forbiddenBut = (...names) => oneRoomOnly.filter(({ name }) => !names.includes(name));
const testOnly = {
  group: ['vitest', 'fast-check', '@varve/testkit', '@varve/*/testing', '@varve/*/contract'],
  message: 'Test-only entry point.',
};
// Only crc32 and the synchronous zstd functions of node:zlib are pure; everything else of node: is I/O.
const impure = {
  group: ['node:*', '!node:zlib', 'fs', 'path', 'os', 'net', 'crypto', 'worker_threads', 'timers', 'timers/*'],
  message: 'Pure library: take a port.',
};

export default tseslint.config(
  { ignores: ['**/node_modules/**', '.nx/**', 'docs/**', ...(process.env.VARVE_LINT_FIXTURE ? [] : ['tools/tidy/fixtures/**'])] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strict],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['tools/tidy/fixtures/*.ts'] } } },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { depConstraints, enforceBuildableLibDependency: false }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-restricted-imports': ['error', { paths: oneRoomOnly, patterns: [testOnly, openTelemetry] }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      'no-restricted-syntax': ['error', { selector: 'ExportAllDeclaration', message: 'Re-export by name.' }],
      'no-empty': ['error', { allowEmptyCatch: false }],
    },
  },
  {
    files: pureRooms,
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { paths: oneRoomOnly, patterns: [testOnly, openTelemetry, impure] }],
      'no-restricted-globals': [
        'error',
        ...['process', 'Buffer', 'performance', 'fetch', 'crypto', 'console'],
        ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
      ],
      'no-restricted-properties': ['error', { object: 'Date', property: 'now' }, { object: 'Temporal', property: 'Now' }, { object: 'Math', property: 'random' }],
      'no-restricted-syntax': [
        'error',
        ...pureSyntax,
        ...[':not(MethodDefinition) > FunctionExpression[generator=true]', ':function FunctionDeclaration[generator=true]'].map((selector) => ({
          selector,
          message: 'A generator that is made anew each time has a hidden class of its own, which slows down all loops over it: let it stand by itself.',
        })),
      ],
    },
  },
  ...[
    ['libs/adapters/sqlite', 'better-sqlite3'],
    ['libs/adapters/typeorm', 'better-sqlite3', 'typeorm'],
    ['libs/adapters/system', 'pino', 'prom-client'],
  ].map(([room, ...packages]) => ({
    files: [`${room}/**/*.ts`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: forbiddenBut(...packages), patterns: [testOnly, openTelemetry] }] },
  })),
  {
    files: ['libs/adapters/otel/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: oneRoomOnly, patterns: [testOnly] }] },
  },
  {
    files: ['libs/config/src/load-config.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: forbiddenBut('smol-toml'), patterns: [testOnly, openTelemetry, impure] }] },
  },
  {
    files: testFiles,
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { paths: [], patterns: [] }],
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
      'no-restricted-syntax': ['error', ...pureSyntax],
    },
  },
  { files: ['libs/adapters/**/*.test.ts', 'vitest.config.ts', 'tools/**/*.ts'], rules: { '@typescript-eslint/no-restricted-imports': 'off', 'no-restricted-exports': 'off' } },
);
