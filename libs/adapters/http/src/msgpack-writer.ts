import { unreachable } from '@varve/base';
import type { ShownCell } from '@varve/model';
import type { ResultBlock, ResultItem } from '@varve/ports';
import { FALSE, NIL, TRUE, writeArrayHeader, writeFloat, writeInteger, writeMapHeader, writeText, writeTime } from './msgpack-text.ts';
import { OutputBuffer } from './output-buffer.ts';
import { cutRows, type ResultWriter } from './result-writer.ts';
import { epochCount, type EpochUnit } from './time-text.ts';

// The members are those of the JSON form; times are an extension of their own unless a unit was asked for. In MessagePack
// every count stands before what it counts, so an object is held until it is whole: all of an answer, or one piece of a
// chunked one. What is held is bounded by whoever reads `heldSizeBytes`.

export interface MsgpackWriterOptions {
  readonly epoch: EpochUnit | undefined;
  /** Rows per object of a chunked answer; undefined: one object for all. */
  readonly chunkRowCount: number | undefined;
}

interface OpenResult {
  readonly statementId: number;
  seriesCount: number;
  readonly messages: string[];
  isPartial: boolean;
  error: string | undefined;
}

export class MsgpackWriter implements ResultWriter {
  readonly #out: OutputBuffer;
  readonly #epoch: EpochUnit | undefined;
  /** Infinity: not chunked. */
  readonly #chunkRowCount: number;

  /** Rows of the series that goes on. */
  readonly #values = new OutputBuffer();
  #rowCount = 0;
  #seriesHead: ResultBlock | undefined;
  /** Whole series of the open result. */
  readonly #series = new OutputBuffer();
  #open: OpenResult | undefined;
  /** Whole results. */
  readonly #results = new OutputBuffer();
  #resultCount = 0;
  #lastStatement: number | undefined;

  constructor(out: OutputBuffer, { epoch, chunkRowCount }: MsgpackWriterOptions) {
    this.#out = out;
    this.#epoch = epoch;
    this.#chunkRowCount = chunkRowCount ?? Infinity;
  }

  get heldSizeBytes(): number {
    return this.#values.length + this.#series.length + this.#results.length;
  }

  item(item: ResultItem): boolean {
    switch (item.kind) {
      case 'rows':
        this.#rows(item);
        return true;
      case 'message':
        this.#resultOf(item.statementId, { isOfItsOwn: true }).messages.push(item.text);
        return true;
      case 'error':
        this.#resultOf(item.statementId, { isOfItsOwn: true }).error = item.text;
        return true;
      case 'partial': {
        const result = this.#resultOf(item.statementId, { isOfItsOwn: false });
        result.isPartial = true;
        result.error = item.text;
        return true;
      }
      case 'cut':
        this.#resultOf(item.statementId, { isOfItsOwn: false }).isPartial = true;
        return true;
      case 'done':
        if (this.#lastStatement !== item.statementId) this.#resultOf(item.statementId, { isOfItsOwn: false });
        return true;
      default:
        return unreachable(item);
    }
  }

  end(): void {
    this.#closeResult(false);
    if (this.#isChunked) return;
    this.#writeObject();
  }

  get #isChunked(): boolean {
    return this.#chunkRowCount !== Infinity;
  }

  #rows(block: ResultBlock): void {
    if (this.#seriesHead === undefined) this.#beginSeries(block);
    this.#rowCount = cutRows({
      rowCount: block.rowCount,
      takenCount: this.#rowCount,
      rowCountMax: block.whole === undefined ? this.#chunkRowCount : Infinity,
      onRows: (startIndex, endIndex) => this.#writeRows(block, startIndex, endIndex),
      onFull: () => {
        this.#closeSeries(true, this.#chunkRowCount);
        this.#closeResult(true);
        this.#beginSeries(block);
      },
    });
    if (!block.isPartial) this.#closeSeries(false);
  }

  /** In a chunked answer the object before waited for this: whether its statement goes on. */
  #beginSeries(block: ResultBlock): void {
    const isContinued = this.#open?.statementId === block.statementId && this.#open.seriesCount > 0;
    if (this.#isChunked && !(isContinued && block.whole === 'statement')) this.#closeResult(isContinued && block.whole === undefined);
    this.#resultOf(block.statementId, { isOfItsOwn: false });
    this.#seriesHead = block;
  }

  /** Ends the result of another statement first; in a chunked answer messages and errors get an object of their own. */
  #resultOf(statementId: number, { isOfItsOwn }: { readonly isOfItsOwn: boolean }): OpenResult {
    if (this.#open !== undefined && (this.#open.statementId !== statementId || (this.#isChunked && isOfItsOwn))) this.#closeResult(false);
    this.#lastStatement = statementId;
    this.#open ??= { statementId, seriesCount: 0, messages: [], isPartial: false, error: undefined };
    return this.#open;
  }

  #closeResult(isPartial: boolean): void {
    if (this.#seriesHead !== undefined) this.#closeSeries(true);
    const result = this.#open;
    if (result === undefined) return;
    this.#open = undefined;
    this.#writeResult({ ...result, isPartial: isPartial || result.isPartial });
    this.#series.clear();
    this.#resultCount += 1;
    if (this.#isChunked) this.#writeObject();
  }

  #writeObject(): void {
    const out = this.#out;
    writeMapHeader(out, 1);
    writeText(out, 'results');
    writeArrayHeader(out, this.#resultCount);
    out.bytes(this.#results.view());
    this.#results.clear();
    this.#resultCount = 0;
  }

  /** As InfluxDB: an error that is all there is stands alone. */
  #writeResult({ statementId, seriesCount, messages, isPartial, error }: OpenResult): void {
    const out = this.#results;
    const isErrorAlone = error !== undefined && seriesCount === 0 && messages.length === 0 && !isPartial;
    writeMapHeader(out, isErrorAlone ? 1 : 2 + Number(messages.length > 0) + Number(isPartial) + Number(error !== undefined));
    if (!isErrorAlone) {
      writeText(out, 'statement_id');
      writeInteger(out, statementId);
      if (messages.length > 0) writeMessages(out, messages);
      writeText(out, 'series');
      writeArrayHeader(out, seriesCount);
      out.bytes(this.#series.view());
    }
    if (isPartial) writeFlag(out);
    if (error === undefined) return;
    writeText(out, 'error');
    writeText(out, error);
  }

  #closeSeries(isPartial: boolean, rowCount = this.#rowCount): void {
    const { name, tags = [], columns } = this.#seriesHead!;
    const out = this.#series;
    writeMapHeader(out, 2 + Number(name !== '') + Number(tags.length > 0) + Number(isPartial));
    if (name !== '') {
      writeText(out, 'name');
      writeText(out, name);
    }
    if (tags.length > 0) {
      writeText(out, 'tags');
      writeMapHeader(out, tags.length);
      for (const text of tags.flat()) writeText(out, text);
    }
    writeText(out, 'columns');
    writeArrayHeader(out, columns.length);
    for (const column of columns) writeText(out, column);
    writeText(out, 'values');
    writeArrayHeader(out, rowCount);
    out.bytes(this.#values.view());
    if (isPartial) writeFlag(out);
    this.#values.clear();
    this.#rowCount = 0;
    this.#seriesHead = undefined;
    this.#open!.seriesCount += 1;
  }

  /** Rows [startIndex, endIndex). */
  #writeRows({ times, cells, cellTypes }: ResultBlock, startIndex: number, endIndex: number): void {
    const out = this.#values;
    for (let rowIndex = startIndex; rowIndex < endIndex; rowIndex += 1) {
      writeArrayHeader(out, cells.length + (times === undefined ? 0 : 1));
      if (times !== undefined) this.#writeTime(times.ms[rowIndex]!, times.subNs[rowIndex]!);
      for (let column = 0; column < cells.length; column += 1) {
        writeCell(out, cells[column]![rowIndex]!, cellTypes === undefined || cellTypes[column] === 'integer');
      }
    }
  }

  #writeTime(ms: number, subNs: number): void {
    if (this.#epoch === undefined) writeTime(this.#values, ms, subNs);
    else writeInteger(this.#values, epochCount(this.#epoch, ms, subNs));
  }
}

/** The body of a query that failed as a whole. */
export function msgpackError(text: string): Buffer {
  const out = new OutputBuffer();
  writeMapHeader(out, 1);
  writeText(out, 'error');
  writeText(out, text);
  return out.take();
}

function writeMessages(out: OutputBuffer, messages: readonly string[]): void {
  writeText(out, 'messages');
  writeArrayHeader(out, messages.length);
  for (const text of messages) {
    writeMapHeader(out, 2);
    for (const each of ['level', 'warning', 'text', text]) writeText(out, each);
  }
}

function writeTexts(out: OutputBuffer, texts: readonly string[]): void {
  writeArrayHeader(out, texts.length);
  for (const text of texts) writeText(out, text);
}

function writeFlag(out: OutputBuffer): void {
  writeText(out, 'partial');
  out.byte(TRUE);
}

function writeCell(out: OutputBuffer, cell: ShownCell, areWholeIntegers: boolean): void {
  if (cell === null) out.byte(NIL);
  else if (typeof cell === 'string') writeText(out, cell);
  else if (typeof cell === 'object') writeTexts(out, cell);
  else if (typeof cell === 'boolean') out.byte(cell ? TRUE : FALSE);
  else if (typeof cell === 'bigint' || (areWholeIntegers && Number.isSafeInteger(cell))) writeInteger(out, cell);
  else writeFloat(out, cell);
}
