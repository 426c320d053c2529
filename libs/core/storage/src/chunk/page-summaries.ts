import type { ByteReader, ByteWriter } from '@varve/base';
import { decodeColumn, encodeColumn } from '@varve/codec';
import type { FieldSummary, SummaryColumns, SummaryNumberColumns } from '@varve/model';
import { setBit, zeroBits } from '../bits.ts';
import { chunkInvalid } from './chunk-invalid.ts';
import { readNumbers, writeNumbers } from './numbers.ts';

// The summaries of one field, page by page, packed: what all pages have alike takes nothing. docs/formats/chunk.md, "Summaries".

const GAPS = 1;
const NUMBERS = 2;
const REST = 4;
const WORDS = ['first', 'last', 'min', 'max', 'sum'] as const;

/** Packs summaries; undefined where a page has none of this field. */
export function packSummaries(summaries: readonly (FieldSummary | undefined)[]): SummaryColumns {
  const gaps = [new Float64Array(summaries.length), new Float64Array(summaries.length), new Float64Array(summaries.length)] as const;
  let hasGaps = false;
  for (let page = 0; page < summaries.length; page += 1) {
    const summary = summaries[page];
    if (summary === undefined) continue;
    const { nullCount, firstNs, lastNs } = summary;
    gaps[0][page] = nullCount;
    gaps[1][page] = firstNs;
    gaps[2][page] = lastNs;
    hasGaps ||= nullCount !== 0 || firstNs !== 0 || lastNs !== 0;
  }
  return { gaps: hasGaps ? gaps : undefined, numbers: packNumbers(summaries) };
}

function packNumbers(summaries: readonly (FieldSummary | undefined)[]): SummaryNumberColumns | undefined {
  const empty = (): Float64Array => new Float64Array(summaries.length);
  const packed = { first: empty(), last: empty(), min: empty(), max: empty(), minNs: empty(), maxNs: empty(), sum: empty() };
  const [sumRest, bits] = [empty(), zeroBits(summaries.length)];
  let [count, hasRest] = [0, false];
  for (let page = 0; page < summaries.length; page += 1) {
    const numbers = summaries[page]?.numbers;
    if (numbers === undefined) continue;
    setBit(bits, page);
    count += 1;
    packed.first[page] = numbers.first;
    packed.last[page] = numbers.last;
    packed.min[page] = numbers.min;
    packed.max[page] = numbers.max;
    packed.minNs[page] = numbers.minNs;
    packed.maxNs[page] = numbers.maxNs;
    packed.sum[page] = numbers.sum;
    sumRest[page] = numbers.sumRest;
    hasRest ||= numbers.sumRest !== 0;
  }
  if (count === 0) return undefined;
  return { ...packed, validity: count < summaries.length ? bits : undefined, sumRest: hasRest ? sumRest : undefined };
}

/** Source: docs/formats/chunk.md, "Summaries". */
export function writeSummaries(writer: ByteWriter, { gaps, numbers }: SummaryColumns): void {
  const kinds = (gaps === undefined ? 0 : GAPS) | (numbers === undefined ? 0 : NUMBERS) | (numbers?.sumRest === undefined ? 0 : REST);
  writer.u8(kinds);
  for (const values of gaps ?? []) writeNumbers(writer, values);
  if (numbers === undefined) return;
  for (const word of WORDS) writeFloats(writer, numbers[word], numbers.validity);
  for (const values of [numbers.minNs, numbers.maxNs]) writeNumbers(writer, values);
  if (numbers.sumRest !== undefined) writeFloats(writer, numbers.sumRest, undefined);
}

/** The inverse of {@link writeSummaries}. @throws DbError CHUNK_INVALID */
export function readSummaries(reader: ByteReader, pageCount: number): SummaryColumns {
  const kinds = reader.u8();
  if (kinds > (GAPS | NUMBERS | REST) || ((kinds & REST) !== 0 && (kinds & NUMBERS) === 0)) throw chunkInvalid(`summaries of kinds ${kinds}`);
  const gap = (): Float64Array => readNumbers(reader, pageCount);
  const gaps = (kinds & GAPS) === 0 ? undefined : ([gap(), gap(), gap()] as const);
  if ((kinds & NUMBERS) === 0) return { gaps, numbers: undefined };
  const first = readFloats(reader, pageCount);
  const rest = WORDS.slice(1).map(() => readFloats(reader, pageCount).values);
  const [last, min, max, sum] = rest as [Float64Array, Float64Array, Float64Array, Float64Array];
  const [minNs, maxNs] = [readNumbers(reader, pageCount), readNumbers(reader, pageCount)];
  const sumRest = (kinds & REST) === 0 ? undefined : readFloats(reader, pageCount).values;
  return { gaps, numbers: { validity: first.validity, first: first.values, last, min, max, minNs, maxNs, sum, sumRest } };
}

function writeFloats(writer: ByteWriter, values: Float64Array, validity: Uint8Array | undefined): void {
  writer.block(encodeColumn({ type: 'float', values, validity }, values.length));
}

function readFloats(reader: ByteReader, count: number): { readonly values: Float64Array; readonly validity: Uint8Array | undefined } {
  const column = decodeColumn(reader.block(), count);
  if (column.type !== 'float') throw chunkInvalid(`summaries of type ${column.type}`);
  return column as { values: Float64Array; validity: Uint8Array | undefined };
}
