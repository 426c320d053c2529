import { Prng } from '@varve/base';
import type { Column } from '@varve/model';
import { decodeColumn, encodeColumn } from '../column.ts';

// Bytes per value and values per second, one thread: node libs/codec/src/testing/column.bench.ts
const ROUND_MS = 400;
const random = new Prng(1);

for (const rowCount of [360, 3_600]) {
  measure('integers, a walk in 0..100', rowCount, () => ({ type: 'integer', values: walk(rowCount) }));
  measure('integers, a counter', rowCount, () => ({ type: 'integer', values: counter(rowCount) }));
  measure('integers, constant', rowCount, () => ({ type: 'integer', values: new Float64Array(rowCount).fill(42) }));
  measure('floats, a walk of two decimals', rowCount, () => ({ type: 'float', values: walk(rowCount, 100) }));
  measure('floats, random two decimals', rowCount, () => ({
    type: 'float',
    values: floats(rowCount).map((value) => Math.round(value * 1e4) / 100),
  }));
  measure('floats, random', rowCount, () => ({ type: 'float', values: floats(rowCount) }));
  measure('strings, four states', rowCount, () => ({ type: 'string', values: states(rowCount) }));
}

function measure(name: string, rowCount: number, make: () => Column): void {
  const columns = Array.from({ length: 50 }, make);
  const encoded = columns.map((column) => encodeColumn(column, rowCount));
  const sizeBytes = encoded.reduce((sum, bytes) => sum + bytes.length, 0);
  const encode = rate(() => columns.forEach((column) => encodeColumn(column, rowCount)));
  const decode = rate(() => encoded.forEach((bytes) => decodeColumn(bytes, rowCount)));
  const perSecond = (rounds: number): string => `${Math.round((rounds * 50 * rowCount) / 1e6)} M/s`;
  const perValue = (sizeBytes / 50 / rowCount).toFixed(3);
  console.log(
    `${rowCount} rows, ${name}: ${perValue} B/value, encode ${perSecond(encode)}, decode ${perSecond(decode)}`,
  );
}

/** Rounds per second of the second half of the time; the first half warms up. */
function rate(round: () => void): number {
  let startMs = performance.now();
  while (performance.now() - startMs < ROUND_MS) round();
  startMs = performance.now();
  let count = 0;
  for (; performance.now() - startMs < ROUND_MS; count += 1) round();
  return (count / (performance.now() - startMs)) * 1_000;
}

/** TSBS's cpu values: a walk with normal steps, clamped, cut to so many parts per one. */
function walk(rowCount: number, parts = 1): Float64Array {
  let value = random.fraction() * 100;
  return Float64Array.from({ length: rowCount }, () => {
    value = Math.min(100, Math.max(0, value + normal()));
    return Math.floor(value * parts) / parts;
  });
}

function counter(rowCount: number): Float64Array {
  let value = random.between(0, 1e9);
  return Float64Array.from({ length: rowCount }, () => (value += random.between(900, 1_100)));
}

function floats(rowCount: number): Float64Array {
  return Float64Array.from({ length: rowCount }, () => random.fraction() + random.fraction() / 2 ** 32);
}

function states(rowCount: number): string[] {
  return Array.from({ length: rowCount }, () => random.pick(['running', 'stopped', 'waiting', 'failed']));
}

function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
}
