import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

/** What one stage of `npm test` found. */
interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const root = resolve(import.meta.dirname, '../../..');
const binaries = join(root, 'node_modules', '.bin');

/** Runs every stage, also after a failure, prints `N passed, N failed, N skipped` last. @returns the exit code. */
export async function runStages(kind: 'short' | 'long'): Promise<number> {
  const counts = kind === 'short' ? await shortStages() : [await vitest(['long'])];
  const total = counts.reduce((sum, each) => ({
    passed: sum.passed + each.passed,
    failed: sum.failed + each.failed,
    skipped: sum.skipped + each.skipped,
  }));
  process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

async function shortStages(): Promise<Count[]> {
  return [
    await command('types', 'tsc', ['-p', 'tsconfig.json']),
    // The boundary rule reads the project graph; without one it says nothing and passes.
    await command('project graph', 'nx', ['graph', '--file=.nx/graph.json']),
    await command('lint and boundaries', 'eslint', ['.', '--max-warnings=0']),
    await vitest(['unit', 'sim']),
    await vitest(['it']),
  ];
}

/** One command counts as one test. */
async function command(name: string, program: string, programArguments: readonly string[]): Promise<Count> {
  process.stdout.write(`\n── ${name}\n`);
  const startedMs = Date.now();
  const exitCode = await run(program, programArguments);
  process.stdout.write(`── ${name}: ${exitCode === 0 ? 'passed' : 'FAILED'} in ${seconds(startedMs)}\n`);
  return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 };
}

/** Vitest's own counts; a run that dies without a report is one failure. */
async function vitest(projects: readonly string[]): Promise<Count> {
  process.stdout.write(`\n── tests: ${projects.join(', ')}\n`);
  const reportDir = mkdtempSync(join(tmpdir(), 'varve-report-'));
  const reportFile = join(reportDir, 'report.json');
  const exitCode = await run('vitest', [
    'run',
    '--passWithNoTests',
    ...projects.map((project) => `--project=${project}`),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
  ]);
  const count = readReport(reportFile);
  rmSync(reportDir, { recursive: true });
  return exitCode !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

function readReport(file: string): Count {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
    return {
      passed: report['numPassedTests'] ?? 0,
      failed: report['numFailedTests'] ?? 0,
      skipped: (report['numPendingTests'] ?? 0) + (report['numTodoTests'] ?? 0),
    };
  } catch (error) {
    process.stdout.write(`No test report: ${String(error)}\n`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function run(program: string, programArguments: readonly string[]): Promise<number> {
  return new Promise((settle) => {
    const child = spawn(join(binaries, program), programArguments, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PATH: `${binaries}${delimiter}${process.env['PATH'] ?? ''}`, NX_DAEMON: 'false' },
    });
    child.on('error', () => settle(1));
    child.on('exit', (code) => settle(code ?? 1));
  });
}

function seconds(sinceMs: number): string {
  return `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;
}
