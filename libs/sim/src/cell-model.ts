import { ColumnRoom, decodeFrame } from '@varve/frame';
import { compareVersions, valueAt, type FieldValue, type MutationId, type Version } from '@varve/model';
import type { Bus } from '@varve/ports';
import { decode } from '@varve/wire';
import { busWith } from './bus-with.ts';

/** A value that somebody asked to be written. Every value of a history is unique, so that a read names the write it saw. */
interface Candidate {
  readonly value: FieldValue;
  isAcked: boolean;
}

interface SentFrame {
  readonly mutation: MutationId;
  readonly version: Version;
}

/** Cells by name (see {@link cellName}) with a value each. */
export type Cells = ReadonlyMap<string, FieldValue>;

/**
 * What a database may hold after a history: for each cell the values that were asked for, and which were acknowledged. A
 * dumb map on purpose. Versions are read off the frames on the bus.
 */
export class CellModel {
  readonly #cells = new Map<string, Candidate[]>();
  /** By the value: the frames that were sent. */
  readonly #sent: Map<FieldValue, SentFrame>;

  /** @param sameHistory listens for both */
  constructor(sameHistory?: CellModel) {
    this.#sent = sameHistory === undefined ? new Map() : sameHistory.#sent;
  }

  get cellCount(): number {
    return this.#cells.size;
  }

  get ackedCount(): number {
    return [...this.#cells.values()].flat().filter(({ isAcked }) => isAcked).length;
  }

  /** From here on the cells may have these values. */
  intend(cells: Cells): void {
    for (const [cell, value] of cells) {
      const known = this.#cells.get(cell) ?? [];
      this.#cells.set(cell, [...known, { value, isAcked: false }]);
    }
  }

  /** From here on the cells must have these values, or ones of a greater version. */
  acknowledge(cells: Cells): void {
    for (const [cell, value] of cells) this.#cells.get(cell)!.find((each) => each.value === value)!.isAcked = true;
  }

  /** Listens to what a coordinator publishes. */
  tap(bus: Bus): Bus {
    return busWith(bus, {
      publish: (subject, payload, replyTo) => {
        if (subject.endsWith('.write')) this.#onFrame(decode(payload, 'shardWrite').payload);
        bus.publish(subject, payload, replyTo);
      },
    });
  }

  /** Of the frames that carry these values. */
  mutationsOf(cells: Cells): readonly MutationId[] {
    return [...cells.values()].flatMap((value) => this.#sent.get(value)?.mutation ?? []);
  }

  /** One sentence per cell that is not what it must be. */
  problemsOf(read: Cells): readonly string[] {
    const strangers = [...read].filter(([cell]) => !this.#cells.has(cell)).map(([cell, value]) => `${cell} = ${String(value)} was never sent`);
    return [...strangers, ...[...this.#cells].flatMap(([cell, candidates]) => this.#problemOf(cell, candidates, read.get(cell)) ?? [])];
  }

  /** What every later read must see, as a check of such a read: one sentence per cell that is older than it was by now. */
  promises(): (read: Cells) => readonly string[] {
    const promised = [...this.#cells].flatMap(([cell, candidates]) => {
      const newest = this.#newestAcked(candidates);
      return newest === undefined ? [] : [{ cell, newest }];
    });
    return (read) => promised.flatMap(({ cell, newest }) => this.#lossOf(cell, newest, read.get(cell)) ?? []);
  }

  #problemOf(cell: string, candidates: readonly Candidate[], value: FieldValue | undefined): string | undefined {
    const acked = candidates.filter(({ isAcked }) => isAcked);
    const unsent = acked.find((each) => !this.#sent.has(each.value));
    if (unsent !== undefined) return `${cell}: ${String(unsent.value)} was acknowledged and never sent`;
    if (value !== undefined && !candidates.some((each) => each.value === value)) return `${cell} = ${String(value)} was never sent`;
    const newest = this.#newestAcked(candidates);
    return newest === undefined ? undefined : this.#lossOf(cell, newest, value);
  }

  #newestAcked(candidates: readonly Candidate[]): FieldValue | undefined {
    const acked = candidates.filter(({ isAcked }) => isAcked);
    return acked.map((each) => each.value).sort((left, right) => this.#compare(right, left))[0];
  }

  #lossOf(cell: string, newest: FieldValue, value: FieldValue | undefined): string | undefined {
    if (value === undefined) return `${cell}: the acknowledged ${String(newest)} is lost`;
    if (this.#compare(value, newest) >= 0) return undefined;
    return `${cell}: ${String(value)} hides the acknowledged ${String(newest)}, which has a greater version`;
  }

  #compare(left: FieldValue, right: FieldValue): number {
    return compareVersions(this.#sent.get(left)!.version, this.#sent.get(right)!.version);
  }

  #onFrame(bytes: Uint8Array): void {
    const { header, sections } = decodeFrame(bytes);
    for (const { rows } of sections) {
      rows.columns.forEach(({ type }, columnIndex) => {
        const room = new ColumnRoom(type, rows.rowCount);
        rows.readColumn(columnIndex, 0, rows.rowCount, room);
        const column = room.finish();
        for (let row = 0; row < rows.rowCount; row += 1) {
          const value = valueAt(column, row);
          if (value !== undefined) this.#sent.set(value, header);
        }
      });
    }
  }
}

/** A cell's name in models and reads. */
export function cellName(seriesKey: string, timeNs: bigint, field: string): string {
  return `${seriesKey} ${field} @${timeNs}`;
}
