import { Prng } from '@varve/base';
import type { Column } from '@varve/model';
import { decodeColumnInto, encodeColumn } from '../column.ts';
import { normal, walk } from './series.ts';

// Bytes per value and values per second, one thread: node libs/codec/src/testing/column.bench.ts [part of a name]
const WARM_MS = 300;
const SLICE_MS = 25;
const SLICE_COUNT = 16;
const PAGE_COUNT = 50;
const only = process.argv[2] ?? '';
const random = new Prng(1);

for (const rowCount of [360, 3_600]) {
  const integers = (name: string, make: () => Float64Array): void =>
    measure(`integers, ${name}`, rowCount, () => ({ type: 'integer', values: make() }));
  const floats = (name: string, make: () => Float64Array): void =>
    measure(`floats, ${name}`, rowCount, () => ({ type: 'float', values: make() }));
  const rows = (of: (row: number) => number): Float64Array =>
    Float64Array.from({ length: rowCount }, (_, row) => of(row));

  integers('a walk in 0..100', () => walk(random, rowCount));
  integers('ten walks one behind the other', () => rows(() => 0).map(restarting(rowCount / 10)));
  integers('nine of ten steps 0', () => rows(steps(0.1)));
  integers('99 of 100 steps 0', () => rows(steps(0.01)));
  integers('a counter', () => rows(counter()));
  integers('noise in 0..1000', () => rows(() => random.between(0, 1_000)));
  integers('ms with jitter', () => rows((row) => 1e12 + row * 10_000 + Math.round(normal(random) * 3)));
  integers('constant', () => rows(() => 42));
  floats('a walk of two decimals', () => walk(random, rowCount, 100));
  floats('the same, one value odd', () => odd(walk(random, rowCount, 100)));
  floats('random two decimals', () => rows(() => Math.round(random.fraction() * 1e4) / 100));
  floats('random in 0..100', () => rows(() => fraction() * 100));
  floats('a walk, all bits', () => walk(random, rowCount, 2 ** 45));
  floats('random float32', () => Float64Array.from(Float32Array.from({ length: rowCount }, () => fraction() * 100)));
  floats('thirds, twelve distinct', () => rows(() => random.between(1, 12) / 3));
  measure('booleans, random', rowCount, () => ({
    type: 'boolean',
    values: Uint8Array.from(rows(() => random.between(0, 1))),
  }));
  measure('strings, four states', rowCount, () => ({ type: 'string', values: states(rowCount) }));
}

function measure(name: string, rowCount: number, make: () => Column): void {
  if (!name.includes(only)) return;
  const columns = Array.from({ length: PAGE_COUNT }, make);
  const encoded = columns.map((column) => encodeColumn(column, rowCount));
  const sizeBytes = encoded.reduce((sum, bytes) => sum + bytes.length, 0);
  const pages = besideEachOther(encoded);
  const into = new Float64Array(rowCount);
  const encode = rate(() => columns.forEach((column) => encodeColumn(column, rowCount)));
  const decode = rate(() => pages.forEach((bytes) => decodeColumnInto(bytes, rowCount, into)));
  const perSecond = (rounds: number): string => `${Math.round((rounds * PAGE_COUNT * rowCount) / 1e6)} M/s`.padStart(8);
  const perValue = (sizeBytes / PAGE_COUNT / rowCount).toFixed(3);
  console.log(
    `${`${rowCount} ${name}`.padEnd(44)} ${perValue} B/value  encode ${perSecond(encode)}  decode ${perSecond(decode)}`,
  );
}

/** Pages as a store has them: many in one buffer. */
function besideEachOther(encoded: readonly Uint8Array[]): Uint8Array[] {
  const blob = new Uint8Array(encoded.reduce((sum, bytes) => sum + bytes.length, 0));
  let end = 0;
  return encoded.map((bytes) => {
    blob.set(bytes, end);
    end += bytes.length;
    return blob.subarray(end - bytes.length, end);
  });
}

/** Rounds per second in the best slice of time: other work on the machine only makes slices worse. */
function rate(round: () => void): number {
  for (const startMs = performance.now(); performance.now() - startMs < WARM_MS;) round();
  let best = 0;
  for (let slice = 0; slice < SLICE_COUNT; slice += 1) {
    const startMs = performance.now();
    let count = 0;
    for (; performance.now() - startMs < SLICE_MS; count += 1) round();
    best = Math.max(best, (count / (performance.now() - startMs)) * 1_000);
  }
  return best;
}

function restarting(length: number): (before: number, row: number) => number {
  let value = 0;
  return (_, row) => {
    if (row % length === 0) value = random.fraction() * 100;
    value = Math.min(100, Math.max(0, value + normal(random)));
    return Math.floor(value);
  };
}

function steps(share: number): () => number {
  let value = 50;
  return () => (value += random.fraction() < share ? Math.round(normal(random) * 3) : 0);
}

function counter(): () => number {
  let value = random.between(0, 1e9);
  return () => (value += random.between(900, 1_100));
}

function odd(values: Float64Array): Float64Array {
  values[random.between(0, values.length - 1)] = fraction();
  return values;
}

/** With all bits of its mantissa. */
function fraction(): number {
  return random.fraction() + random.fraction() / 2 ** 32;
}

function states(rowCount: number): string[] {
  return Array.from({ length: rowCount }, () => random.pick(['running', 'stopped', 'waiting', 'failed']));
}
