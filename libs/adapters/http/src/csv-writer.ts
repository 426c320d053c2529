import { ERROR_CODES, unreachable, type ErrorCode } from '@varve/base';
import { seriesKey, type ShownCell, type TagSet } from '@varve/model';
import type { ResultBlock, ResultItem } from '@varve/ports';
import type { OutputBuffer } from './output-buffer.ts';
import type { ResultWriter } from './result-writer.ts';
import { TimeWriter, type EpochUnit } from './time-text.ts';

const COMMA = 0x2c;
const NEWLINE = 0x0a;

/** Sizes of numbers that JavaScript writes without an exponent: [DECIMAL_MIN, DECIMAL_END), and zero. */
const DECIMAL_MIN = 1e-6;
const DECIMAL_END = 1e21;

/**
 * The table form: a header and rows per statement, and where columns change; an empty line before each further header. As InfluxDB's, it has no place for
 * messages and errors: a statement that fails before its first row is just absent, but for what may pass.
 */
export class CsvWriter implements ResultWriter {
  readonly #out: OutputBuffer;
  readonly #times: TimeWriter;
  /** The statement of the newest row. */
  #statementId: number | undefined;
  #columns: readonly string[] = [];

  constructor(out: OutputBuffer, epoch: EpochUnit | undefined) {
    this.#out = out;
    this.#times = new TimeWriter(epoch ?? 'ns');
  }

  readonly heldSizeBytes = 0;

  item(item: ResultItem): boolean {
    switch (item.kind) {
      case 'rows':
        this.#rows(item);
        return true;
      case 'partial':
        return false;
      case 'error':
        return this.#statementId !== item.statementId && !mayPass(item.code);
      case 'message':
      case 'cut':
      case 'done':
        return true;
      default:
        return unreachable(item);
    }
  }

  end(): void {
    // A table ends with its last row.
  }

  #rows(block: ResultBlock): void {
    if (this.#statementId !== block.statementId || !areEqual(this.#columns, block.columns)) this.#header(block);
    const out = this.#out;
    const { times, cells, rowCount } = block;
    const head = Buffer.from(`${csvText(block.name)},${csvText(tagsText(block.tags ?? []))}`);
    for (let rowIndex = 0; rowIndex < rowCount; rowIndex += 1) {
      out.bytes(head);
      if (times !== undefined) {
        out.byte(COMMA);
        this.#times.write(out, times.ms[rowIndex]!, times.subNs[rowIndex]!);
      }
      for (const column of cells) {
        out.byte(COMMA);
        writeCell(out, column[rowIndex]!);
      }
      out.byte(NEWLINE);
    }
  }

  #header({ statementId, columns }: ResultBlock): void {
    if (this.#statementId !== undefined) this.#out.byte(NEWLINE);
    this.#statementId = statementId;
    this.#columns = columns;
    this.#out.utf8(`name,tags,${columns.map(csvText).join(',')}\n`);
  }
}

/** What InfluxDB does not know: a shard or a quorum that nobody answers for. An empty table would be a short answer, or a delete that was done. */
function mayPass(code: ErrorCode | undefined): boolean {
  return code !== undefined && ERROR_CODES[code].retryable;
}

function areEqual(left: readonly string[], right: readonly string[]): boolean {
  return left === right || (left.length === right.length && left.every((name, index) => name === right[index]));
}

/** The body of a query that failed as a whole. */
export function csvError(text: string): string {
  return `error\n${csvText(text)}\n`;
}

/** A field as Go's encoding/csv writes it. */
function csvText(text: string): string {
  const needsQuotes = text === '\\.' || /[",\r\n]|^\s/u.test(text);
  return needsQuotes ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Tags as they stand in a series key, which has none without a value. */
function tagsText(tags: TagSet): string {
  return seriesKey('', tags.filter(([, value]) => value !== '')).slice(1);
}

/** Of a list InfluxDB 1.6 shows what stood there before, such as the name of the column; here it is its texts. */
function writeCell(out: OutputBuffer, cell: ShownCell): void {
  if (cell === null) return;
  if (typeof cell === 'number') writeDecimal(out, cell);
  else if (typeof cell === 'string') out.utf8(csvText(cell));
  else if (typeof cell === 'object') out.utf8(csvText(cell.join(',')));
  else out.ascii(String(cell));
}

/** All digits, never an exponent. */
function writeDecimal(out: OutputBuffer, value: number): void {
  const size = Math.abs(value);
  if (size === 0 || (size >= DECIMAL_MIN && size < DECIMAL_END)) out.number(value);
  else out.ascii(decimalText(value));
}

function decimalText(value: number): string {
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, first, rest = '', exponent] = match;
  const digits = `${first}${rest}`;
  const power = Number(exponent);
  return power < 0 ? `${sign}0.${'0'.repeat(-power - 1)}${digits}` : `${sign}${digits.padEnd(power + 1, '0')}`;
}
