import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Prng } from '@varve/base';
import { DEFAULT_CONFIG, LIMITS } from '@varve/config';
import { newTempDirectory } from '@varve/ports/contract';
import { SILENT_LOG, SILENT_METRICS, SILENT_TRACER, type LogFacts } from '@varve/ports';
import { systemClock, systemRandom } from '@varve/system-adapter';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { collectSeries } from './collect-series.ts';
import { openEmbedded, type Embedded } from './embedded.ts';

// Methodology: a database is written, flushed and closed. Each test changes bytes in a copy of its files, as a disk may, opens it and asks.
// What is answered must be what was answered before, or an error that says what is lost; what is not damaged must be answered.

const HOUR_NS = 3_600_000_000_000n;
const FIRST_NS = 1_767_268_800_000_000_000n; // 2026-01-01T12:00:00Z
const OTHER_WEEK_NS = FIRST_NS + 14n * 24n * HOUR_NS;
/** By name: what is asked. The middle of the first hour needs rows, the whole of it only a summary. */
const QUESTIONS = {
  cpuRows: `SELECT sum(f), count(s) FROM cpu WHERE time >= ${FIRST_NS + HOUR_NS / 2n} AND time < ${FIRST_NS + HOUR_NS}`,
  cpuSummary: `SELECT sum(f), count(f) FROM cpu WHERE time >= ${FIRST_NS} AND time < ${FIRST_NS + HOUR_NS}`,
  cpuLater: `SELECT f, s FROM cpu WHERE time >= ${FIRST_NS + 10n * HOUR_NS} AND time < ${FIRST_NS + 11n * HOUR_NS}`,
  mem: `SELECT f, s FROM mem WHERE time < ${FIRST_NS + 5n * HOUR_NS}`,
  otherShard: `SELECT f, s FROM cpu WHERE time >= ${OTHER_WEEK_NS}`,
} as const;
type Question = keyof typeof QUESTIONS;
const ALL = Object.keys(QUESTIONS) as Question[];
const CPU_DAMAGE = 'rows of measurement "cpu" from 2026-01-01T12:00:00Z to 2026-01-01T12:58:49Z in shard';

class World {
  readonly dataDir: string;
  readonly logged: { readonly message: string; readonly facts: LogFacts | undefined }[] = [];
  readonly counted: string[] = [];
  flushCount = 0;
  #embedded: Embedded | undefined;

  constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  async open({ flushAgeMsMax = 1 } = {}): Promise<void> {
    const log = { ...SILENT_LOG, error: (message: string, facts?: LogFacts) => void this.logged.push({ message, facts }) };
    const metrics = {
      ...SILENT_METRICS,
      add: (name: string, _amount: number, labels?: Readonly<Record<string, string>>) => void (name === 'storage.damage' && this.counted.push(labels!['part']!)),
      observe: (name: string) => void (name === 'flush.duration' && (this.flushCount += 1)),
    };
    const onFatal = (error: unknown): void => void this.logged.push({ message: 'fatal', facts: { error } });
    this.#embedded = await openEmbedded({ clock: systemClock, random: systemRandom, log, metrics, tracer: SILENT_TRACER, onFatal }, { ...DEFAULT_CONFIG, dataDir: this.dataDir, flushAgeMsMax, writeTimeoutMs: 1_000 });
  }

  /** Resolves when the rows are in chunks. */
  async flushed(rows: readonly string[], shardCount = 1): Promise<void> {
    const goal = this.flushCount + shardCount;
    await this.write(rows);
    while (this.flushCount < goal) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async write(rows: readonly string[]): Promise<void> {
    const body = new TextEncoder().encode(rows.join('\n'));
    await this.#gateway.writePoints({ body, precision: 'n', database: 'db', retentionPolicy: undefined, level: undefined, nowNs: FIRST_NS });
  }

  async ask(text: string): Promise<unknown> {
    const request = { text, database: 'db', retentionPolicy: undefined, params: {}, level: undefined, nodeId: undefined, nowNs: FIRST_NS, isReadOnlyMethod: false, chunkRowCount: LIMITS.resultBlockRowCountMax, signal: new AbortController().signal };
    return collectSeries(this.#gateway.runQuery(request));
  }

  /** The answer, or the error's text. */
  async outcome(question: Question): Promise<unknown> {
    return this.ask(QUESTIONS[question]).catch((error: Error) => error.message);
  }

  get problems(): readonly string[] {
    return this.#gateway.health().problems;
  }

  async close(): Promise<void> {
    await this.#embedded?.close();
  }

  get #gateway(): Embedded['gateway'] {
    return this.#embedded!.gateway;
  }
}

const hourOf = (measurement: string, startNs: bigint): string[] => Array.from({ length: 100 }, (_, index) => `${measurement},host=a f=${index / 7},s="${index % 9}" ${startNs + (BigInt(index) * HOUR_NS) / 101n}`);

const sound = mkdtempSync(join(tmpdir(), 'varve-damage-'));
afterAll(() => rmSync(sound, { recursive: true }));
const expected = new Map<Question, unknown>();
/** The file of the first shard: of more chunks than the other. */
let shardFile: string;
beforeAll(async () => {
  const world = new World(sound);
  await world.open();
  await world.ask('CREATE DATABASE db');
  await world.flushed([...hourOf('cpu', FIRST_NS), ...hourOf('mem', FIRST_NS)]);
  await world.flushed(hourOf('cpu', FIRST_NS + 10n * HOUR_NS));
  await world.flushed(hourOf('cpu', OTHER_WEEK_NS));
  for (const question of ALL) expected.set(question, await world.outcome(question));
  await world.close();
  const names = readdirSync(join(sound, 'shards'));
  const chunkCountOf = (name: string): number => inSql(join(sound, 'shards', name), (database) => database.prepare('SELECT count(*) FROM chunk').pluck().get() as number);
  shardFile = join('shards', names.find((name) => chunkCountOf(name) === 3)!);
});

function inSql<Value>(path: string, act: (database: Database.Database) => Value): Value {
  const database = new Database(path);
  try {
    return act(database);
  } finally {
    database.close();
  }
}

/** A copy of the files, changed. */
function damaged(damage: (path: string) => void): World {
  const dataDir = newTempDirectory();
  cpSync(sound, dataDir, { recursive: true });
  damage(join(dataDir, shardFile));
  return new World(dataDir);
}

function flipInChunk(path: string, column: 'header' | 'payload', place: (size: number) => number): void {
  inSql(path, (database) => {
    const blob = database.prepare(`SELECT ${column} FROM chunk WHERE id = 1`).pluck().get() as Buffer;
    const at = place(blob.length);
    blob[at] = blob[at]! ^ 0x04;
    database.prepare(`UPDATE chunk SET ${column} = ? WHERE id = 1`).run(blob);
  });
}

const check = async (world: World, answered: readonly Question[], failing: readonly Question[], text: string): Promise<void> => {
  for (const question of answered) expect(await world.outcome(question), question).toEqual(expected.get(question));
  for (const question of failing) expect(await world.outcome(question), question).toContain(text);
};

for (const [column, answered, failing] of [
  ['payload', ['cpuSummary', 'cpuLater', 'mem', 'otherShard'], ['cpuRows']],
  ['header', ['cpuLater', 'mem', 'otherShard'], ['cpuRows', 'cpuSummary']],
] as const) {
  test(`Y2, Y4, Y8: a flipped bit in the ${column} of a chunk fails what needs it, with shard and range, and nothing else`, async () => {
    for (const place of [(): number => 0, (size: number): number => size >> 1, (size: number): number => size - 1]) {
      const world = damaged((path) => flipInChunk(path, column, place));
      for (let run = 1; run <= 2; run += 1) {
        await world.open();
        expect(world.problems.length, 'it is known from before').toBe(run - 1);
        for (let round = 0; round < 3; round += 1) await check(world, answered, failing, CPU_DAMAGE);
        expect(world.problems).toEqual([expect.stringContaining(`${CPU_DAMAGE} `)]);
        expect(world.counted, 'once, when it is found').toEqual(['chunk']);
        const lines = world.logged.filter(({ message }) => message.startsWith('A chunk is damaged'));
        expect(lines.map(({ facts }) => facts)).toEqual([expect.objectContaining({ chunkId: 1, measurement: 'cpu', from: '2026-01-01T12:00:00Z', to: '2026-01-01T12:58:49Z' })]);
        await world.close();
      }
    }
  });
}

test('Y5: writing, flushes and merges go on beside a damaged chunk, which stays as it is', async () => {
  const world = damaged((path) => flipInChunk(path, 'payload', (size) => size >> 1));
  await world.open();
  for (let hour = 1n; hour <= 6n; hour += 1n) await world.flushed(hourOf('cpu', FIRST_NS + hour * HOUR_NS));
  await check(world, ['cpuSummary', 'cpuLater', 'mem', 'otherShard'], ['cpuRows'], CPU_DAMAGE);
  expect(await world.ask(`SELECT count(s) FROM cpu WHERE time >= ${FIRST_NS + HOUR_NS} AND time < ${FIRST_NS + 20n * HOUR_NS}`)).toMatchObject([{ rows: [[expect.anything(), 700]] }]);
  await world.close();
  const chunks = inSql(join(world.dataDir, shardFile), (database) => database.prepare('SELECT id, tier FROM chunk ORDER BY id').all() as { id: number; tier: number }[]);
  expect(chunks).toContainEqual({ id: 1, tier: 0 });
  expect(chunks.some(({ tier }) => tier > 0), 'others were merged').toBe(true);
  expect(world.logged.filter(({ message }) => message.startsWith('Upkeep'))).toEqual([]);
});

test('Y6: a shard whose file is damaged in any other row is refused, the others are served, and its file stays until it is dropped', async () => {
  const damages = [
    'UPDATE chunk SET tier = 5 WHERE id = 2',
    'UPDATE chunk SET payload = substr(payload, 1, length(payload) - 1) WHERE id = 1',
    'DELETE FROM chunk WHERE id = 3',
    "UPDATE series SET key = 'cpu,host=b' WHERE id = 1",
    'DELETE FROM series WHERE id = 2',
    "INSERT INTO tombstone VALUES (1, 1, x'00')",
    'UPDATE state SET flushed_seq = 1',
    'UPDATE state SET vector = zeroblob(length(vector))',
    'DELETE FROM state',
  ];
  for (const sql of damages) {
    const world = damaged((path) => inSql(path, (database) => database.exec(sql)));
    await world.open();
    await check(world, ['otherShard'], ['cpuRows', 'cpuSummary', 'cpuLater', 'mem'], 'is damaged');
    expect(world.problems, sql).toEqual([expect.stringMatching(/^shard \d+, from 2025-12-29T00:00:00Z to 2026-01-05T00:00:00Z, is not served here/)]);
    expect(world.counted).toEqual(['shard']);
    await expect(world.write(hourOf('cpu', FIRST_NS))).rejects.toMatchObject({ traits: { retryable: true } });
    await world.write(hourOf('cpu', OTHER_WEEK_NS + HOUR_NS));
    expect(readdirSync(join(world.dataDir, 'shards'))).toContain(shardFile.slice('shards/'.length));
    await world.ask('DROP DATABASE db');
    while (world.problems.length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await world.close();
    expect(readdirSync(join(world.dataDir, 'shards'))).not.toContain(shardFile.slice('shards/'.length));
    expect(world.logged.filter(({ message }) => message === 'fatal')).toEqual([]);
  }
});

/** Rows that nothing flushes are in the journal, one frame per hour; the frame of the second hour gets other bytes. */
async function withDamagedRow(changeOf: (shard: number) => string): Promise<World> {
  const world = damaged(() => undefined);
  await world.open({ flushAgeMsMax: 1_000_000 });
  for (let hour = 1n; hour <= 3n; hour += 1n) await world.write(hourOf('cpu', FIRST_NS + hour * HOUR_NS));
  await world.close();
  const shard = Number(/(\d+)\.sqlite$/.exec(shardFile)![1]);
  const [journal] = readdirSync(join(world.dataDir, 'journal')).filter((name) => name.endsWith('.sqlite'));
  const changed = inSql(join(world.dataDir, 'journal', journal!), (database) => database.prepare(`UPDATE row SET ${changeOf(shard)} WHERE shard = ? AND seq = 4`).run(shard));
  expect(changed.changes).toBe(1);
  return world;
}

const countIn = (hour: bigint): string => `SELECT count(f) FROM cpu WHERE time >= ${FIRST_NS + hour * HOUR_NS} AND time < ${FIRST_NS + (hour + 1n) * HOUR_NS}`;
const counted = (count: number): unknown => (count === 0 ? [] : [expect.objectContaining({ rows: [[expect.anything(), count]] })]);

test.each(['frame = zeroblob(length(frame))', 'frame = substr(frame, 1, length(frame) - 1)', "frame = x''", 'crc = crc + 1', 'frame = 7'])('Y9: a shard goes on without a row of the journal that is damaged (%s), says so, and never takes it up again', async (change) => {
  const world = await withDamagedRow(() => change);
  for (let run = 1; run <= 2; run += 1) {
    await world.open({ flushAgeMsMax: run === 1 ? 1_000_000 : 1 });
    await check(world, ALL, [], '');
    for (const [hour, count] of [[1n, 100], [2n, 0], [3n, 100]] as const) expect(await world.ask(countIn(hour)), `hour ${hour} in run ${run}`).toEqual(counted(count));
    const lacks = expect.stringMatching(/^shard \d+, from 2025-12-29T00:00:00Z to 2026-01-05T00:00:00Z, lacks 1 frames here, whose rows in the journal are damaged/);
    expect(world.problems, 'a later start does not know it any more').toEqual(run === 1 ? [lacks] : []);
    expect(world.counted).toEqual(['row']);
    expect(world.logged.filter(({ message }) => /journal (is|are) damaged/.test(message)).map(({ facts }) => facts)).toEqual([
      expect.objectContaining({ seq: 4, reason: expect.stringContaining('the checksum of row 4') }),
      expect.objectContaining({ rowCount: 1, from: '2025-12-29T00:00:00Z', to: '2026-01-05T00:00:00Z' }),
    ]);
    await world.close();
  }
  await world.open();
  await world.flushed(hourOf('cpu', FIRST_NS + 2n * HOUR_NS));
  expect(await world.ask(countIn(2n)), 'written again').toEqual(counted(100));
  await world.close();
});

test('Y6: a shard with a row of the journal that is no frame, though its checksum is right, is refused, the others are served', async () => {
  const world = await withDamagedRow((shard) => `frame = zeroblob(4), crc = ${crc32(new Uint8Array(4), crc32(new Float64Array([shard, 4])))}`);
  await world.open();
  await check(world, ['otherShard'], ['cpuRows', 'cpuSummary', 'cpuLater', 'mem'], 'is damaged');
  expect(world.counted).toEqual(['shard']);
  await world.close();
});

test('Y1, Y6: wherever a byte of a shard’s file changes or its end is lost: the same answers or an error, and the other shard answers', async () => {
  const prng = new Prng(7);
  const sizeBytes = readFileSync(join(sound, shardFile)).length;
  let errorCount = 0;
  for (let round = 0; round < 20; round += 1) {
    const world = damaged((path) => {
      if (round % 5 === 4) return truncateSync(path, prng.between(0, sizeBytes - 1));
      const bytes = readFileSync(path);
      const at = prng.between(0, round % 2 === 0 ? 4_095 : sizeBytes - 1);
      bytes[at] = bytes[at]! ^ (1 << prng.between(0, 7));
      writeFileSync(path, bytes);
    });
    await world.open();
    for (const question of ALL) {
      const outcome = await world.outcome(question);
      if (question !== 'otherShard' && typeof outcome === 'string') {
        expect(outcome).toMatch(/shard \d+ is damaged|cannot be read, they are damaged on disk/);
        expect(world.problems).not.toEqual([]);
        errorCount += 1;
      } else expect(outcome, `${question} in round ${round}`).toEqual(expected.get(question));
    }
    await world.close();
  }
  expect(errorCount).toBeGreaterThan(10);
});
