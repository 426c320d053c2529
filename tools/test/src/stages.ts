import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { ensureNatsServer } from '@varve/nats-adapter/server';
import { ensureCCompiler } from './ensure-c-compiler.ts';
import { closingText, countOf, type Count } from './report.ts';

const root = resolve(import.meta.dirname, '../../..');
const binaries = join(root, 'node_modules', '.bin');

/** Runs every stage, also after a failure, prints what failed and then `N passed, N failed, N skipped`. @returns the exit code. */
export async function runStages(kind: 'short' | 'long'): Promise<number> {
  const counts = kind === 'short' ? await shortStages() : [await vitest(['long'])];
  process.stdout.write(closingText(counts));
  return counts.every(({ failed }) => failed === 0) && counts.some(({ passed }) => passed > 0) ? 0 : 1;
}

async function shortStages(): Promise<Count[]> {
  for (const ensure of [ensureNatsServer, ensureCCompiler]) ensure((line) => process.stdout.write(`${line}\n`));
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
  return exitCode === 0 ? { ...NOTHING, passed: 1 } : failure(`${name}: ${program} ended with ${exitCode}`);
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
  try {
    return countOf(readFileSync(reportFile, 'utf8'), { root, exitCode });
  } catch (error) {
    return failure(`tests ${projects.join(', ')}: no report: ${String(error)}`);
  } finally {
    rmSync(reportDir, { recursive: true });
  }
}

const NOTHING: Count = { passed: 0, failed: 0, skipped: 0, failures: [] };

function failure(line: string): Count {
  return { ...NOTHING, failed: 1, failures: [line] };
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
