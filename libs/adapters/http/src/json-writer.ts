import { unreachable } from '@varve/base';
import type { ShownCell } from '@varve/model';
import type { ResultBlock, ResultItem } from '@varve/ports';
import { writeJsonString } from './json-text.ts';
import { NumberTexts } from './number-texts.ts';
import { OutputBuffer } from './output-buffer.ts';
import { cutRows, type ResultWriter } from './result-writer.ts';
import { TimeWriter, type EpochUnit } from './time-text.ts';

// An answer is `{"results":[result, …]}`, a result `{"statement_id":0,"series":[…],"messages":[…],"partial":true,"error":"…"}`
// with what it has, a series `{"name":…,"tags":{…},"columns":[…],"values":[row, …],"partial":true}`. Everything that is
// known late stands late, so all of it is written as it comes. A chunked answer is a sequence of such objects, each with
// one piece of one series; its `partial` waits until the next item says whether more rows follow.

export interface JsonWriterOptions {
  readonly epoch: EpochUnit | undefined;
  /** Rows per object of a chunked answer; undefined: one object for all. */
  readonly chunkRowCount: number | undefined;
}

/** Numbers of so many rows become text together. */
const ROW_COUNT_AT_ONCE = 256;

const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const CLOSE_BRACE = 0x7d;
const QUOTE = 0x22;

export class JsonWriter implements ResultWriter {
  readonly #out: OutputBuffer;
  readonly #times: TimeWriter;
  /** Infinity: not chunked. */
  readonly #chunkRowCount: number;

  /** An object with `results` was begun and not ended. */
  #isObjectOpen = false;
  /** The statement whose result was begun and not ended. */
  #openStatement: number | undefined;
  /** The newest statement anything was written for. */
  #lastStatement: number | undefined;
  #hasSeries = false;
  #isSeriesOpen = false;
  #hasValues = false;
  /** The series goes on with the next block. */
  #isSeriesUnfinished = false;
  #rowCount = 0;
  #messages: string[] = [];
  #error: string | undefined;
  /** The result has less than there is. */
  #isShort = false;
  /** Of the series before: those of one statement have them in common. */
  #columns: ResultBlock['columns'] | undefined;
  /** Their bytes, from the second series on. */
  #columnsText: Uint8Array | undefined;

  constructor(out: OutputBuffer, { epoch, chunkRowCount }: JsonWriterOptions) {
    this.#out = out;
    this.#times = new TimeWriter(epoch);
    this.#chunkRowCount = chunkRowCount ?? Infinity;
  }

  readonly heldSizeBytes = 0;

  item(item: ResultItem): boolean {
    switch (item.kind) {
      case 'rows':
        this.#rows(item);
        return true;
      case 'message':
        this.#openResult(item.statementId, { isOfItsOwn: true });
        this.#messages.push(item.text);
        return true;
      case 'error':
        this.#openResult(item.statementId, { isOfItsOwn: true });
        this.#error = item.text;
        return true;
      case 'partial':
        this.#openResult(item.statementId, { isOfItsOwn: false });
        this.#isShort = true;
        this.#error = item.text;
        return true;
      case 'cut':
        this.#openResult(item.statementId, { isOfItsOwn: false });
        this.#isShort = true;
        return true;
      case 'done':
        if (this.#lastStatement !== item.statementId) this.#openResult(item.statementId, { isOfItsOwn: false });
        return true;
      default:
        return unreachable(item);
    }
  }

  end(): void {
    if (this.#isObjectOpen) this.#closeObject(false);
    else if (this.#lastStatement === undefined && !this.#isChunked) this.#out.ascii('{}\n');
  }

  get #isChunked(): boolean {
    return this.#chunkRowCount !== Infinity;
  }

  #rows(block: ResultBlock): void {
    const { statementId, rowCount, isPartial, whole } = block;
    if (!this.#isSeriesUnfinished) this.#beginSeries(block);
    this.#rowCount = cutRows({
      rowCount,
      takenCount: this.#rowCount,
      rowCountMax: whole === undefined ? this.#chunkRowCount : Infinity,
      onRows: (startIndex, endIndex) => this.#values(block, startIndex, endIndex),
      onFull: () => {
        this.#closeSeries(true);
        this.#closeObject(true);
        this.#openResult(statementId, { isOfItsOwn: false });
        this.#openSeries(block);
      },
    });
    this.#isSeriesUnfinished = isPartial;
    if (!isPartial) this.#closeSeries(false);
  }

  /** In a chunked answer the object before waited for this: whether its statement goes on. */
  #beginSeries(block: ResultBlock): void {
    const isContinued = this.#openStatement === block.statementId && this.#hasSeries;
    if (this.#isChunked && this.#isObjectOpen && !(isContinued && block.whole === 'statement')) this.#closeObject(isContinued && block.whole === undefined);
    this.#openResult(block.statementId, { isOfItsOwn: false });
    this.#openSeries(block);
  }

  /** Ends the result of another statement first; in a chunked answer messages and errors get an object of their own. */
  #openResult(statementId: number, { isOfItsOwn }: { readonly isOfItsOwn: boolean }): void {
    if (this.#openStatement === statementId && !(this.#isChunked && isOfItsOwn)) return;
    if (this.#isObjectOpen && this.#isChunked) this.#closeObject(false);
    else if (this.#openStatement !== undefined) this.#closeResult(false);
    if (this.#isObjectOpen) this.#out.byte(COMMA);
    else this.#out.ascii('{"results":[');
    this.#out.ascii('{"statement_id":');
    this.#out.number(statementId);
    this.#isObjectOpen = true;
    this.#openStatement = statementId;
    this.#lastStatement = statementId;
  }

  #closeObject(isPartial: boolean): void {
    this.#closeResult(isPartial);
    this.#out.ascii(']}\n');
    this.#isObjectOpen = false;
  }

  #closeResult(isPartial: boolean): void {
    if (this.#isSeriesOpen) this.#closeSeries(this.#isSeriesUnfinished);
    if (this.#hasSeries) this.#out.byte(CLOSE_BRACKET);
    this.#writeMessages();
    if (isPartial || this.#isShort) this.#out.ascii(',"partial":true');
    if (this.#error !== undefined) {
      this.#out.ascii(',"error":');
      writeJsonString(this.#out, this.#error);
    }
    this.#out.byte(CLOSE_BRACE);
    this.#hasSeries = false;
    this.#messages = [];
    this.#error = undefined;
    this.#isShort = false;
    this.#openStatement = undefined;
  }

  #writeMessages(): void {
    for (const [index, text] of this.#messages.entries()) {
      this.#out.ascii(index === 0 ? ',"messages":[{"level":"warning","text":' : ',{"level":"warning","text":');
      writeJsonString(this.#out, text);
      this.#out.byte(CLOSE_BRACE);
    }
    if (this.#messages.length > 0) this.#out.byte(CLOSE_BRACKET);
  }

  #openSeries({ name, tags, columns }: ResultBlock): void {
    const out = this.#out;
    out.ascii(this.#hasSeries ? ',{' : ',"series":[{');
    if (name !== '') {
      out.ascii('"name":');
      writeJsonString(out, name);
      out.byte(COMMA);
    }
    if (tags !== undefined && tags.length > 0) {
      out.ascii('"tags":{');
      for (const [index, [key, value]] of tags.entries()) {
        if (index > 0) out.byte(COMMA);
        writeJsonString(out, key);
        out.byte(0x3a);
        writeJsonString(out, value);
      }
      out.ascii('},');
    }
    this.#writeColumns(columns);
    this.#hasSeries = true;
    this.#isSeriesOpen = true;
    this.#hasValues = false;
    this.#rowCount = 0;
  }

  #writeColumns(columns: ResultBlock['columns']): void {
    if (columns === this.#columns) {
      this.#out.bytes((this.#columnsText ??= columnsText(columns)));
      return;
    }
    writeColumns(this.#out, columns);
    this.#columns = columns;
    this.#columnsText = undefined;
  }

  #closeSeries(isPartial: boolean): void {
    if (this.#hasValues) this.#out.byte(CLOSE_BRACKET);
    this.#out.ascii(isPartial ? ',"partial":true}' : '}');
    this.#isSeriesOpen = false;
    this.#isSeriesUnfinished = false;
  }

  /** Rows [startIndex, endIndex). */
  #values(block: ResultBlock, startIndex: number, endIndex: number): void {
    this.#times.setTimeZone(block.timeZone);
    for (let start = startIndex; start < endIndex; start += ROW_COUNT_AT_ONCE) this.#writeRows(block, start, Math.min(start + ROW_COUNT_AT_ONCE, endIndex));
  }

  #writeRows({ times, cells, cellTypes }: ResultBlock, startIndex: number, endIndex: number): void {
    const out = this.#out;
    const texts = cells.map((column, index) => (cellTypes?.[index] === 'float' ? NumberTexts.of(column, startIndex, endIndex) : undefined));
    for (let rowIndex = startIndex; rowIndex < endIndex; rowIndex += 1) {
      if (this.#hasValues) out.byte(COMMA);
      else out.ascii(',"values":[');
      this.#hasValues = true;
      out.byte(OPEN_BRACKET);
      if (times !== undefined) {
        if (this.#times.isText) out.byte(QUOTE);
        this.#times.write(out, times.ms[rowIndex]!, times.subNs[rowIndex]!);
        if (this.#times.isText) out.byte(QUOTE);
      }
      for (let columnIndex = 0; columnIndex < cells.length; columnIndex += 1) {
        if (columnIndex > 0 || times !== undefined) out.byte(COMMA);
        const text = texts[columnIndex];
        if (text === undefined) writeCell(out, cells[columnIndex]![rowIndex]!);
        else text.next(out);
      }
      out.byte(CLOSE_BRACKET);
    }
  }
}

function columnsText(columns: ResultBlock['columns']): Uint8Array {
  const out = new OutputBuffer();
  writeColumns(out, columns);
  return out.take();
}

function writeColumns(out: OutputBuffer, columns: ResultBlock['columns']): void {
  out.ascii('"columns":');
  for (let index = 0; index < columns.length; index += 1) {
    out.byte(index === 0 ? OPEN_BRACKET : COMMA);
    writeJsonString(out, columns[index]!);
  }
  out.byte(CLOSE_BRACKET);
}

function writeCell(out: OutputBuffer, cell: ShownCell): void {
  if (typeof cell === 'number') {
    if (Number.isFinite(cell)) out.number(cell);
    else out.ascii('null');
  } else if (typeof cell === 'string') writeJsonString(out, cell);
  else if (typeof cell === 'object' && cell !== null) writeTexts(out, cell);
  else out.ascii(String(cell));
}

function writeTexts(out: OutputBuffer, texts: readonly string[]): void {
  out.byte(OPEN_BRACKET);
  for (const [index, text] of texts.entries()) {
    if (index > 0) out.byte(COMMA);
    writeJsonString(out, text);
  }
  out.byte(CLOSE_BRACKET);
}
