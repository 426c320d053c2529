import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer } from './memory-engine.ts';

/** Points and what InfluxDB 1.6.7 answered about them, times in nanoseconds. */
export interface RecordedSet {
  readonly name: string;
  readonly lines: readonly string[];
  readonly cases: readonly { readonly query: string; readonly params?: Readonly<Record<string, unknown>>; readonly answer: Answer }[];
}

/** Reads a file of testdata. Integers that a float64 cannot hold are bigints. */
export function readRecorded(fileName: string): readonly RecordedSet[] {
  const text = readFileSync(join(import.meta.dirname, '..', 'testdata', fileName), 'utf8');
  return JSON.parse(text, exactIntegers as (key: string, value: unknown) => unknown) as RecordedSet[];
}

function exactIntegers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  return typeof value === 'number' && source !== undefined && /^-?\d{16,}$/.test(source) ? BigInt(source) : value;
}

/** Comparable: whole numbers are one thing, whether they are numbers or bigints. */
export function comparable(answer: Answer): unknown {
  return JSON.parse(JSON.stringify(answer, (_key, value: unknown) => {
    if (typeof value === 'bigint') return exactText(value);
    return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? exactText(BigInt(value)) : value;
  }));
}

function exactText(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`;
}
