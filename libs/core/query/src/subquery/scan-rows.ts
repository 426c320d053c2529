import type { Cell, SeriesBlock } from '@varve/model';
import type { HeldValues } from '../limits/held-values.ts';
import type { TimedBlock } from '../merge/merged-rows.ts';
import type { Arrivals } from '../merge/stage.ts';
import { BATCH_ROW_COUNT_MAX } from '../merge/row-batch.ts';
import { cellReader } from '../operators/slice-cells.ts';
import { compareGroups, groupId, type GroupKey } from '../partial/group-key.ts';
import type { PlannedSubquery } from '../plan/query-plan.ts';
import { comesInGroups } from './aggregate-rows.ts';
import { RowPieces } from './row-pieces.ts';

/**
 * The rows of a subquery as rows of a plan, in its order of (group, time). Where both are grouped alike they pass as they come;
 * else those of a group are held until it is whole: its rows come from several series of the subquery, one after the other.
 *
 * @throws DbError QUERY_LIMIT, and what the rows throw
 */
export async function* scanRows(source: PlannedSubquery, arrivals: Arrivals<SeriesBlock>, held: HeldValues): AsyncGenerator<TimedBlock> {
  const { shardPlan, plan } = source;
  const pieces = new RowPieces(source);
  if (plan.mergePlan.dimensions.length === shardPlan.dimensions.length) {
    for await (const blocks of arrivals) {
      for (const block of blocks) {
        const rows = timedRows(source, pieces, block);
        if (rows !== undefined) yield rows;
      }
    }
    return;
  }
  const groups = new HeldGroups(source, held);
  const comeTogether = comesInGroups(source);
  for await (const blocks of arrivals) {
    for (const block of blocks) {
      const rows = timedRows(source, pieces, block);
      if (rows === undefined) continue;
      if (comeTogether && !groups.has(rows.group)) yield* groups.take();
      groups.add(rows);
    }
  }
  yield* groups.take();
}

/** The rows of a block that pass. */
function timedRows({ shardPlan }: PlannedSubquery, pieces: RowPieces, block: SeriesBlock): TimedBlock | undefined {
  const piece = pieces.whole(block);
  if (piece === undefined) return undefined;
  const chosen = pieces.rowFilter.rowsThatPass(piece.rows);
  const { origins } = pieces.measurement;
  const readers = shardPlan.columns.map(({ type }, index) => cellReader(origins[index]!, type, piece.rows));
  const { ms, subNs } = block.times!;
  const rowCount = chosen?.length ?? block.rowCount;
  const rowAt = (index: number): number => chosen?.[index] ?? index;
  return {
    group: piece.group,
    ms: Array.from({ length: rowCount }, (_row, index) => ms[rowAt(index)]!),
    subNs: Array.from({ length: rowCount }, (_row, index) => subNs[rowAt(index)]!),
    seriesKeys: NO_SERIES,
    seriesOf: new Uint8Array(rowCount),
    cells: readers.map((read) => Array.from({ length: rowCount }, (_row, index) => read(rowAt(index)))),
  };
}

/** Rows of a subquery have their order already. */
const NO_SERIES = [''];

/** Groups whose rows are being gathered. */
class HeldGroups {
  readonly #source: PlannedSubquery;
  readonly #held: HeldValues;
  readonly #groups = new Map<string, HeldRows>();

  constructor(source: PlannedSubquery, held: HeldValues) {
    this.#source = source;
    this.#held = held;
  }

  has(group: GroupKey): boolean {
    return this.#groups.has(groupId(group));
  }

  add(rows: TimedBlock): void {
    const { shardPlan } = this.#source;
    const held = this.#groups.get(groupId(rows.group)) ?? new HeldRows(rows.group, shardPlan.columns.length, shardPlan.isDescending);
    this.#groups.set(groupId(rows.group), held);
    held.add(rows);
    this.#held.add(rows.ms.length * held.width);
    const wanted = shardPlan.output.kind === 'rows' ? shardPlan.output.rowCountMax : undefined;
    if (wanted !== undefined && held.rowCount > 2 * wanted + BATCH_ROW_COUNT_MAX) this.#held.release(held.cut(wanted) * held.width);
  }

  /** All rows, in the order of the answer; nothing is held after that. */
  *take(): Generator<TimedBlock> {
    const sign = this.#source.shardPlan.isDescending ? -1 : 1;
    const groups = [...this.#groups.values()].sort((left, right) => sign * compareGroups(left.group, right.group));
    this.#groups.clear();
    for (const group of groups) {
      yield* group.blocks();
      this.#held.release(group.rowCount * group.width);
    }
  }
}

/** The rows of one group. */
class HeldRows {
  readonly group: GroupKey;
  readonly #isDescending: boolean;
  #ms: number[] = [];
  #subNs: number[] = [];
  #cells: Cell[][];

  constructor(group: GroupKey, columnCount: number, isDescending: boolean) {
    this.group = group;
    this.#isDescending = isDescending;
    this.#cells = Array.from({ length: columnCount }, () => []);
  }

  get rowCount(): number {
    return this.#ms.length;
  }

  /** Values per row, the time among them. */
  get width(): number {
    return this.#cells.length + 1;
  }

  add({ ms, subNs, cells }: TimedBlock): void {
    for (let row = 0; row < ms.length; row += 1) {
      this.#ms.push(ms[row]!);
      this.#subNs.push(subNs[row]!);
    }
    for (const [column, from] of cells.entries()) for (const cell of from) this.#cells[column]!.push(cell);
  }

  /** Keeps the first rows of the answer alone; how many were let go. */
  cut(rowCount: number): number {
    const order = this.#order().slice(0, rowCount);
    // As they came: rows of one time are told apart by it.
    if (this.#isDescending) order.reverse();
    const before = this.rowCount;
    this.#cells = this.#cells.map((cells) => order.map((row) => cells[row]!));
    [this.#ms, this.#subNs] = [order.map((row) => this.#ms[row]!), order.map((row) => this.#subNs[row]!)];
    return before - order.length;
  }

  *blocks(): Generator<TimedBlock> {
    const order = this.#order();
    for (let start = 0; start < order.length; start += BATCH_ROW_COUNT_MAX) {
      const rows = order.slice(start, start + BATCH_ROW_COUNT_MAX);
      yield {
        group: this.group,
        ms: rows.map((row) => this.#ms[row]!),
        subNs: rows.map((row) => this.#subNs[row]!),
        seriesKeys: NO_SERIES,
        seriesOf: new Uint8Array(rows.length),
        cells: this.#cells.map((cells) => rows.map((row) => cells[row]!)),
      };
    }
  }

  /** Rows by time; those of one time in the order of their series, whatever the order of the answer. */
  #order(): number[] {
    const sign = this.#isDescending ? -1 : 1;
    const [ms, subNs] = [this.#ms, this.#subNs];
    const rows = Array.from(ms, (_ms, row) => row);
    return rows.sort((left, right) => sign * (ms[left]! - ms[right]! || subNs[left]! - subNs[right]! || left - right));
  }
}
