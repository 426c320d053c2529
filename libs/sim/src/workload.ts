import type { Prng } from '@varve/base';
import { joinNs, seriesKey, type FieldValue, type NodeId, type WriteLevel } from '@varve/model';
import type { Gateway, QueryRequest, ResultBlock, ResultItem, WriteRequest } from '@varve/ports';
import { cellName, type Cells } from './cell-model.ts';

/** Where all points of a simulation go. */
export const DATABASE = 'sim';
const DAY_NS = 86_400_000_000_000n;
const FIRST_DAY_NS = 20_454n * DAY_NS;

/** Line protocol, and the cells it writes. */
export interface Batch {
  readonly lines: string;
  readonly cells: Cells;
}

/** Points on few cells of three days, so that writers fight over them. Every value is written once only: a read names the write it saw. */
export class Workload {
  readonly #prng: Prng;
  #number = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** One to six points; for a cell that occurs twice the later row counts. */
  next(): Batch {
    const cells = new Map<string, FieldValue>();
    const lines = Array.from({ length: this.#prng.between(1, 6) }, () => {
      this.#number += 1;
      const number = this.#number;
      const host = `h${this.#prng.between(0, 3)}`;
      const timeNs = FIRST_DAY_NS + BigInt(this.#prng.between(0, 2)) * DAY_NS + BigInt(this.#prng.between(0, 9)) * 1_000_000_000n;
      const fields: readonly (readonly [name: string, text: string, value: FieldValue])[] = [
        ['f', `f=${number}.5`, number + 0.5],
        ['i', `i=${number}i`, number],
        ['s', `s="s${number}"`, `s${number}`],
      ];
      const chosen = fields.filter(() => this.#prng.chance(0.6));
      const written = chosen.length === 0 ? fields : chosen;
      for (const [name, , value] of written) cells.set(cellName(`m,host=${host}`, timeNs, name), value);
      return `m,host=${host} ${written.map(([, text]) => text).join(',')} ${timeNs}`;
    });
    return { lines: lines.join('\n'), cells };
  }
}

/** Lines to the default policy. */
export function writeRequest(lines: string, level?: WriteLevel): WriteRequest {
  const body = new TextEncoder().encode(lines);
  return { body, precision: 'n', database: DATABASE, retentionPolicy: undefined, level, nowNs: FIRST_DAY_NS };
}

/** Runs a statement that answers no rows. @throws Error with what it said when it failed */
export async function runStatement(gateway: Gateway, text: string): Promise<void> {
  for await (const item of gateway.runQuery(queryRequest(text))) if (item.kind === 'error' || item.kind === 'partial') throw new Error(item.text);
}

/** All that comes back, failures too. */
export async function readItems(gateway: Gateway, text: string, nodeId?: NodeId): Promise<readonly ResultItem[]> {
  const items: ResultItem[] = [];
  for await (const item of gateway.runQuery(queryRequest(text, nodeId))) items.push(item);
  return items;
}

/** Every cell of a measurement, by one node or by any. */
export async function readCells(gateway: Gateway, nodeId?: NodeId, measurement = 'm'): Promise<{ readonly cells: Cells; readonly failure: string | undefined }> {
  const cells = new Map<string, FieldValue>();
  let failure: string | undefined;
  for await (const item of gateway.runQuery(queryRequest(`SELECT * FROM ${measurement} GROUP BY *`, nodeId))) {
    if (item.kind === 'error' || item.kind === 'partial') failure = item.text;
    if (item.kind === 'rows') addCells(cells, item);
  }
  return { cells, failure };
}

function addCells(read: Map<string, FieldValue>, { name, tags, columns, times, cells, rowCount }: ResultBlock): void {
  const key = seriesKey(name, tags ?? []);
  for (let row = 0; row < rowCount; row += 1) {
    const timeNs = joinNs(times!.ms[row]!, times!.subNs[row]!);
    cells.forEach((column, index) => {
      const value = column[row];
      if (value !== undefined && typeof value !== 'object') read.set(cellName(key, timeNs, columns[index + 1]!), value);
    });
  }
}

/** Of one statement, or several, over the default policy. */
export function queryRequest(text: string, nodeId?: NodeId): QueryRequest {
  return {
    text,
    database: DATABASE,
    retentionPolicy: undefined,
    params: {},
    level: undefined,
    nodeId,
    nowNs: FIRST_DAY_NS,
    isReadOnlyMethod: false,
    chunkRowCount: 1_000,
    signal: new AbortController().signal,
  };
}
