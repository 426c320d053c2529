import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '@varve/base';
import { query, write } from '@varve/http-adapter/testing';
import { expect } from 'vitest';

const WRITER_COUNT = 4;
const POINTS_PER_BATCH = 10;
/** Of these so many overwrite points of the same writer. */
const OVERWRITES_PER_BATCH = 4;
const OVERWRITTEN_COUNT = 25;
const LANE_COUNT = 20;
const DATABASE = 'crash';

/** What a point may be: its value as it was acknowledged last, or one that was sent after that and got no answer. */
interface Point {
  acked: number | undefined;
  unknown: number[];
}

/**
 * Writers over HTTP that note what they were answered, and the check that all of it is there. Each point belongs to one writer,
 * which waits for one answer before it writes again; so of two acknowledged values the later one has to be found.
 */
export class Load {
  readonly #points = new Map<string, Point>();
  readonly #random: Prng;
  #newCount = 0;
  /** Batches that were answered 204. */
  ackedCount = 0;
  /** Batches that were not answered: a kill may have cut them off anywhere. */
  unknownCount = 0;

  constructor(seed: number) {
    this.#random = new Prng(seed);
  }

  get pointCount(): number {
    return this.#points.size;
  }

  static async prepare(url: string): Promise<void> {
    await query(url, `CREATE DATABASE ${DATABASE}`);
  }

  /** Resolves when every writer has met the end of the server. */
  async run(url: string): Promise<void> {
    await Promise.all(Array.from({ length: WRITER_COUNT }, (_, writer) => this.#write(url, writer)));
  }

  /** What is wrong, at most ten of it, to keep a failure readable. */
  async problems(url: string): Promise<string[]> {
    const found = await readAll(url);
    const problems = [...found.keys()].filter((name) => !this.#points.has(name)).map((name) => `${name}: nobody sent it`);
    for (const [name, { acked, unknown }] of this.#points) {
      const value = found.get(name);
      if (value === undefined ? acked !== undefined : value !== acked && !unknown.includes(value)) {
        problems.push(`${name}: ${value} is there, ${acked} was acknowledged, ${unknown.join(' ')} may be`);
      }
    }
    return problems.slice(0, 10);
  }

  async #write(url: string, writer: number): Promise<void> {
    const pace = this.#random.fork();
    for (;;) {
      const points = new Map(Array.from({ length: POINTS_PER_BATCH }, (_, index) => [this.#pointName(pace, writer, index), pace.uint32()]));
      for (const [name, value] of points) this.#point(name).unknown.push(value);
      const status = await statusOf(url, points);
      if (status === 204) {
        this.ackedCount += 1;
        for (const [name, value] of points) this.#points.set(name, { acked: value, unknown: [] });
      } else this.unknownCount += 1;
      if (status === undefined) return;
      await sleep(pace.between(0, 10));
    }
  }

  /** Time and lane: one that was there before, or a new one. */
  #pointName(pace: Prng, writer: number, index: number): string {
    if (index < OVERWRITES_PER_BATCH) return `${pace.between(1, OVERWRITTEN_COUNT)} lane${writer}`;
    this.#newCount += 1;
    return `${1_000 + this.#newCount} lane${this.#newCount % LANE_COUNT}`;
  }

  #point(name: string): Point {
    const point = this.#points.get(name) ?? { acked: undefined, unknown: [] };
    this.#points.set(name, point);
    return point;
  }
}

/** Undefined when the connection broke: the process is gone, and the batch may be there or not. */
async function statusOf(url: string, points: ReadonlyMap<string, number>): Promise<number | undefined> {
  const lines = Array.from(points, ([name, value]) => {
    const [time, lane] = name.split(' ');
    return `crash,lane=${lane} value=${value}i,text="text ${value}" ${time}`;
  });
  try {
    const { status, text } = await write(url, DATABASE, lines.join('\n'), { precision: 's' });
    if (status !== 503) expect(status, text).toBe(204);
    return status;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // fetch's own failure
    return undefined;
  }
}

/** Both fields of a point have to be of one write. */
async function readAll(url: string): Promise<Map<string, number>> {
  const series = await query(url, 'SELECT lane, value, text FROM crash', { db: DATABASE, epoch: 's' });
  const rows = series.flatMap(({ values }) => values);
  for (const [, , value, text] of rows) expect(text).toBe(`text ${String(value)}`);
  return new Map(rows.map(([time, lane, value]) => [`${String(time)} ${String(lane)}`, Number(value)]));
}
