import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { query, write } from '@varve/http-adapter/testing';
import { runProgram, startServer, temporaryDirectory, type Ended } from './testing/server.ts';

// Methodology: the real program is started into each thing that can be wrong. It must say one sentence that tells what,
// end with 1, and leave what is on disk as it was.

/** Every file below a directory with a digest of its content. */
function contentOf(directory: string): Readonly<Record<string, string>> {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => statSync(join(directory, file)).isFile());
  return Object.fromEntries(files.sort().map((file) => [file, createHash('sha256').update(readFileSync(join(directory, file))).digest('hex')]));
}

function expectRefusal({ exitCode, stderr }: Ended, sentence: RegExp): void {
  const lines = stderr.trim().split('\n').filter((line) => !line.startsWith('{'));
  expect(lines, stderr).toHaveLength(1);
  expect(lines[0]).toMatch(sentence);
  expect(exitCode).toBe(1);
}

/** A data directory with something in it, and nobody using it. */
async function usedDataDir(): Promise<string> {
  const server = await startServer();
  await query(server.url, 'CREATE DATABASE d');
  await write(server.url, 'd', 'm v=1 1');
  await server.stop();
  return server.dataDir;
}

const run = (dataDir: string, ...flags: string[]): Promise<Ended> => runProgram(['--http-bind-address', '127.0.0.1:0', '--data-dir', dataDir, ...flags]);

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it with 0, and everything is there after the next start', async (signal) => {
  const server = await startServer();
  await query(server.url, 'CREATE DATABASE d');
  expect((await write(server.url, 'd', 'm v=1 1\nm v=2 2')).status).toBe(204);
  expect((await server.stop(signal)).exitCode).toBe(0);
  await server.start();
  expect(await query(server.url, 'SELECT count(v) FROM m', { db: 'd' })).toMatchObject([{ values: [[0, 2]] }]);
});

test('an option that does not exist is refused with the nearest name, wherever it stands', async () => {
  expectRefusal(await runProgram(['--http-bind-adress', 'x']), /unknown option --http-bind-adress.*--http-bind-address/);
  expectRefusal(await runProgram([], { VARVE_DATA_DIRR: 'x' }), /VARVE_DATA_DIRR.*VARVE_DATA_DIR/);
  const toml = join(temporaryDirectory(), 'varve.toml');
  writeFileSync(toml, '[http]\nbind-adress = "x"\n');
  expectRefusal(await runProgram(['--config', toml]), /bind-adress.*bind-address/);
  writeFileSync(toml, '[http\n');
  expectRefusal(await runProgram(['--config', toml]), /varve\.toml|TOML/);
  expectRefusal(await runProgram(['--config', `${toml}.gone`]), /varve\.toml\.gone/);
});

test('a port that somebody has is named, before anything is made or changed on disk', async () => {
  const taken = createServer();
  await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void taken.close());
  const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  const sentence = new RegExp(`another process listens on ${address.replaceAll('.', '\\.')}`);

  const newDir = join(temporaryDirectory(), 'data');
  expectRefusal(await run(newDir, '--http-bind-address', address), sentence);
  expect(existsSync(newDir)).toBe(false);

  const usedDir = await usedDataDir();
  const before = contentOf(usedDir);
  expect(Object.keys(before)).not.toHaveLength(0);
  expectRefusal(await run(usedDir, '--http-bind-address', address), sentence);
  expect(contentOf(usedDir)).toEqual(before);
});

test('a data directory in use is refused, and its owner goes on', async () => {
  const server = await startServer();
  expectRefusal(await run(server.dataDir), /in use by another Varve process/);
  expect(await query(server.url, 'SHOW DATABASES')).toHaveLength(1);
});

test('a file where the data directory should be is named', async () => {
  const file = join(temporaryDirectory(), 'data');
  writeFileSync(file, 'not a directory');
  expectRefusal(await run(file), /data/);
  expect(readFileSync(file, 'utf8')).toBe('not a directory');
});

test.each([
  ['raft.sqlite', /raft\.sqlite/],
  ['catalog.sqlite', /catalog\.sqlite/],
  ['journal', /journal/],
] as const)('garbage in %s is named, and nothing is changed', async (what, sentence) => {
  const dataDir = await usedDataDir();
  const damaged = what === 'journal' ? join('journal', readdirSync(join(dataDir, 'journal')).find((name) => name.endsWith('.sqlite'))!) : what;
  writeFileSync(join(dataDir, damaged), 'x'.repeat(20_000));
  const before = contentOf(dataDir)[damaged];
  expectRefusal(await run(dataDir), sentence);
  expect(contentOf(dataDir)[damaged]).toBe(before);
});

test('an empty directory, and one that does not exist, are made into a data directory', async () => {
  const parent = temporaryDirectory();
  mkdirSync(join(parent, 'empty'));
  for (const name of ['empty', 'new/deep']) {
    const server = await startServer({ dataDir: join(parent, name) });
    expect((await server.stop()).exitCode).toBe(0);
  }
});
