import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import differences from './testing/compat-differences.json' with { type: 'json' };
import ratchet from './testing/compat-ratchet.json' with { type: 'json' };
import { startServer } from './testing/server.ts';

// What InfluxDB 1.6.7 answered, replayed against the program by the corpora's own runners. The number
// of equal answers is kept in compat-ratchet.json and may only rise. Where the runner names the cases that differ, each has to be in
// compat-differences.json with the reason why it is so on purpose. (server_test.json has one query that InfluxDB fails, too.)

const corpora = resolve(import.meta.dirname, '../../../../shared/compat');
const isHere = existsSync(corpora);
if (!isHere) console.info('skipped: the compatibility corpora are not beside the repository (../shared/compat)');

const RUN_TIMEOUT_MS = 240_000;

interface Corpus {
  readonly name: keyof typeof ratchet;
  readonly command: (url: string) => readonly string[];
  /** Pass counts by name, from the last line of the runner's output. */
  readonly counts: (summary: Readonly<Record<string, number>>) => Readonly<Record<string, number>>;
}

const CORPORA: readonly Corpus[] = [
  {
    name: 'http_api.json',
    command: (url) => ['http_oracle.py', 'check', url, 'http_api.json'],
    counts: ({ same }) => ({ requests: same! }),
  },
  {
    name: 'points.json',
    command: (url) => ['oracle_lp.py', 'points', url, 'points.json'],
    counts: ({ pass }) => ({ cases: pass! }),
  },
  {
    name: 'lp_v2_decode.json',
    command: (url) => ['oracle_lp.py', 'check', url, 'influx_1_6_7'],
    counts: ({ same }) => ({ inputs: same! }),
  },
  {
    name: 'select.json',
    command: (url) => ['run_select.py', url, 'select.json'],
    counts: ({ select_pass, compile_pass }) => ({ selects: select_pass!, texts: compile_pass! }),
  },
  {
    name: 'server_test.json',
    command: (url) => ['run_corpus.py', url, 'server_test.json', '--quick'],
    counts: ({ queries_run, queries_failed }) => ({ queries: queries_run! - queries_failed! }),
  },
];

test.runIf(isHere).each(CORPORA)(
  '$name: no fewer answers equal those of InfluxDB 1.6.7 than before',
  async ({ name, command, counts }) => {
    const server = await startServer();
    const output = await runPython(command(server.url));
    const passed = counts(JSON.parse(output.trim().split('\n').at(-1)!) as Record<string, number>);
    console.info(
      `${name}: ${Object.entries(passed)
        .map(([what, count]) => `${count} ${what}`)
        .join(', ')} as InfluxDB 1.6.7`,
    );

    const before: Readonly<Record<string, number>> = ratchet[name];
    const fewer = Object.keys(before).filter((what) => !(passed[what]! >= before[what]!));
    expect(
      fewer,
      `${JSON.stringify(passed)}, but ${JSON.stringify(before)} in compat-ratchet.json; the runner said:\n${output.slice(-6_000)}`,
    ).toEqual([]);
    const listed = name === 'http_api.json' || name === 'select.json' ? differences[name] : undefined;
    if (listed === undefined) return;
    const differing = Array.from(output.matchAll(/^(?:DIFF|FAIL) (\S+)/gm), ([, id]) => id!);
    expect(differing.filter((id) => !(id in listed)), 'differences that nobody has listed').toEqual([]);
  },
);

/** The runners end with 1 when one case differs, which is no failure here; without output it is. */
function runPython(command: readonly string[]): Promise<string> {
  return new Promise((settle, fail) => {
    execFile(
      'python3',
      command,
      { cwd: corpora, timeout: RUN_TIMEOUT_MS, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => (stdout === '' ? fail(new Error(stderr, { cause: error })) : settle(stdout)),
    );
  });
}
