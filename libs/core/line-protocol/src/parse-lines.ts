import { LIMITS } from '@varve/config';
import type { TimestampNs } from '@varve/base';
import { splitNs, type FieldValue, type PointBatch } from '@varve/model';
import { BatchBuilder } from './batch-builder.ts';
import { readExactLine, skipBlanks, type ExactLine } from './exact-line.ts';
import { lineEnd } from './line-end.ts';
import { PlainLineReader } from './plain-line-reader.ts';
import { truncateTo, type Precision } from './precision.ts';
import { hasTimeTag, SeriesMemory } from './series-memory.ts';
import type { RowTime, TableBuilder } from './table-builder.ts';
import { decodeText, HASH, NEWLINE } from './text.ts';

/*
 * Bytes to columns, with no object per point. Two readers share the work:
 *
 *   plain line (known series, no escapes, short numbers)  ──▶ PlainLineReader ──┐
 *        │ anything else                                                        ├──▶ BatchBuilder ──▶ PointBatch
 *        └─────▶ lineEnd ──▶ readExactLine: objects, InfluxDB 1.6.7 to the byte ┘
 *
 * The exact reader defines what a line means; the plain one only knows lines about which both agree, and changes
 * nothing when it gives up. Tests compare the two.
 */

/** Texts of refused lines that are kept; the ones beyond are counted. */
export const LINE_ERROR_COUNT_MAX = LIMITS.lineErrorCountMax;

export interface ParseOptions {
  /** The unit of the body's times. */
  readonly precision: Precision;
  /** The time of lines without one; cut to the precision. */
  readonly nowNs: TimestampNs;
}

/** What a body holds. */
export interface ParsedLines {
  readonly batch: PointBatch;
  /** Lines that are no points, in order; at most LINE_ERROR_COUNT_MAX. */
  readonly errors: readonly LineError[];
  /** All lines that are no points. */
  readonly errorCount: number;
  /** Points that InfluxDB parses but does not store (a tag `time`, or no field but `time`), and the first one's reason. */
  readonly dropped: { readonly pointCount: number; readonly reason: string } | undefined;
}

export interface LineError {
  /** From 0; empty lines and comments count. */
  readonly lineIndex: number;
  /** In InfluxDB's words: `unable to parse '…': …`. */
  readonly text: string;
}

/**
 * Reads a body of line protocol. The good lines become rows, in order, whatever the other lines are. Where a field
 * occurs with two types there are two columns of that name: which type holds is for the catalog to say. Bytes that
 * are not UTF-8 become U+FFFD, as InfluxDB shows them.
 *
 * @param body not kept: strings and columns are copies
 * @param memory of earlier bodies; makes it fast, changes no result
 */
export function parseLines(
  body: Uint8Array,
  options: ParseOptions,
  memory: SeriesMemory = new SeriesMemory(),
): ParsedLines {
  return new LineParser(body, options, memory).parse();
}

class LineParser {
  readonly #body: Uint8Array;
  readonly #precision: Precision;
  readonly #nowNs: TimestampNs;
  readonly #builder: BatchBuilder;
  readonly #plain: PlainLineReader;
  readonly #errors: LineError[] = [];
  readonly #rowTime: RowTime = { ms: 0, subNs: 0, lineIndex: 0 };
  #errorCount = 0;
  #droppedCount = 0;
  #tagReason: string | undefined;
  #fieldReason: string | undefined;

  constructor(body: Uint8Array, { precision, nowNs }: ParseOptions, memory: SeriesMemory) {
    this.#body = body;
    this.#precision = precision;
    this.#nowNs = truncateTo(nowNs, precision);
    this.#builder = new BatchBuilder(memory);
    this.#plain = new PlainLineReader({ body, precision, now: splitNs(this.#nowNs), builder: this.#builder, memory });
  }

  parse(): ParsedLines {
    const body = this.#body;
    for (let start = 0, lineIndex = 0; start < body.length; lineIndex += 1) {
      if (body[start] === NEWLINE) {
        start += 1;
        continue;
      }
      const plainEnd = this.#plain.read(start, lineIndex);
      if (plainEnd >= 0) {
        start = plainEnd + 1;
        continue;
      }
      const end = lineEnd(body, start);
      this.#readExact(start, end, lineIndex);
      start = end + 1;
    }
    // InfluxDB looks at all tags before it looks at fields.
    const reason = this.#tagReason ?? this.#fieldReason;
    const dropped = reason === undefined ? undefined : { pointCount: this.#droppedCount, reason };
    return { batch: this.#builder.finish(), errors: this.#errors, errorCount: this.#errorCount, dropped };
  }

  #readExact(start: number, end: number, lineIndex: number): void {
    const body = this.#body;
    const textStart = skipBlanks(body.subarray(0, end), start);
    if (textStart === end || body[textStart] === HASH) return;
    const line = body.subarray(textStart, body[end - 1] === NEWLINE ? end - 1 : end);
    const read = readExactLine(line, this.#precision);
    if (read.kind === 'error') this.#refuse(line, lineIndex, read.reason);
    else this.#addPoint(line, lineIndex, read);
  }

  #addPoint(line: Uint8Array, lineIndex: number, point: ExactLine & { readonly kind: 'point' }): void {
    const { key, measurement, tags } = point.key;
    if (hasTimeTag(tags)) {
      this.#droppedCount += 1;
      this.#tagReason ??= `invalid tag key: input tag "time" on measurement "${measurement}" is invalid`;
      return;
    }
    // A field `time` is left out without a word, as InfluxDB does, unless it is the only one.
    const fields = point.fields.filter(({ name }) => name !== 'time');
    if (fields.length === 0) {
      this.#droppedCount += 1;
      this.#fieldReason ??= `invalid field name: input field "time" on measurement "${measurement}" is invalid`;
      return;
    }
    const identity = this.#builder.identityOf(key, measurement);
    const table = this.#builder.tableOf(identity, 0);
    const columns = fields.map(({ name, type }) => table.column(table.field(name), type));
    const newColumnCount = new Set(columns.filter((column) => column.isEmpty)).size;
    if (!this.#builder.hasRoom(table, newColumnCount)) {
      this.#refuse(line, lineIndex, 'too many different fields in one request');
      return;
    }
    columns.forEach((column, index) => setField(table, column, fields[index]!.value));
    Object.assign(this.#rowTime, splitNs(point.timeNs ?? this.#nowNs), { lineIndex });
    this.#builder.endRow(identity, table, this.#rowTime, newColumnCount);
  }

  #refuse(line: Uint8Array, lineIndex: number, reason: string): void {
    this.#errorCount += 1;
    if (this.#errors.length >= LINE_ERROR_COUNT_MAX) return;
    this.#errors.push({ lineIndex, text: `unable to parse '${decodeText(line)}': ${reason}` });
  }
}

function setField(table: TableBuilder, column: ReturnType<TableBuilder['column']>, value: FieldValue): void {
  switch (typeof value) {
    case 'string':
      column.setText(table.rowCount, value);
      break;
    case 'bigint':
      column.setInteger(table.rowCount, value, table.capacity);
      break;
    default:
      column.setNumber(table.rowCount, Number(value), table.capacity);
  }
}
