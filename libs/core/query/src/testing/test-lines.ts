import { assert, type TimestampNs } from '@varve/base';
import { parseSeriesKey, seriesKey } from '@varve/model';
import type { TestField, TestPoint } from './memory-source.ts';

/** Points of plain line protocol; enough for tests, all times given. */
export function parseTestLines(text: string): TestPoint[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseLine);
}

function parseLine(line: string): TestPoint {
  const match = LINE.exec(line.trim());
  assert(match !== null, `not a test line: ${line}`);
  const [, head, fields, time] = match;
  const { measurement, tags } = parseSeriesKey(head!);
  return {
    key: seriesKey(measurement, tags.toSorted(([left], [right]) => (left < right ? -1 : 1))),
    timeNs: BigInt(time!) as TimestampNs,
    fields: new Map(fields!.matchAll(FIELD).map(([, name, value]) => [name!, parseValue(value!)])),
  };
}

const LINE = /^((?:\\.|[^\s\\])+) ((?:"(?:\\.|[^"])*"|[^\s"])+) (-?\d+)$/;
const FIELD = /([^=,]+)=("(?:\\.|[^"])*"|[^,]+)/g;

function parseValue(text: string): TestField {
  if (text.startsWith('"')) return { type: 'string', value: text.slice(1, -1).replaceAll(/\\(["\\])/g, '$1') };
  if (/^(t|T|true|True|TRUE)$/.test(text)) return { type: 'boolean', value: true };
  if (/^(f|F|false|False|FALSE)$/.test(text)) return { type: 'boolean', value: false };
  if (!text.endsWith('i')) return { type: 'float', value: Number(text) };
  const integer = BigInt(text.slice(0, -1));
  return { type: 'integer', value: Number.isSafeInteger(Number(integer)) ? Number(integer) : integer };
}
