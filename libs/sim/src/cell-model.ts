import { decodeFrame } from '@varve/frame';
import { compareVersions, valueAt, type FieldValue, type Version } from '@varve/model';
import type { Bus } from '@varve/ports';
import { decode } from '@varve/wire';
import { busWith } from './bus-with.ts';

/** A value that somebody asked to be written. Every value of a history is unique, so that a read names the write it saw. */
interface Candidate {
  readonly value: FieldValue;
  isAcked: boolean;
}

/** Cells by name (see {@link cellName}) with a value each. */
export type Cells = ReadonlyMap<string, FieldValue>;

/**
 * What a database may hold after a history: for each cell the values that were asked for, and which were acknowledged. A
 * dumb map on purpose. Versions are read off the frames on the bus.
 */
export class CellModel {
  readonly #cells = new Map<string, Candidate[]>();
  readonly #versions = new Map<FieldValue, Version>();

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

  /** One sentence per cell that is not what it must be. */
  problemsOf(read: Cells): readonly string[] {
    const strangers = [...read].filter(([cell]) => !this.#cells.has(cell)).map(([cell, value]) => `${cell} = ${String(value)} was never sent`);
    return [...strangers, ...[...this.#cells].flatMap(([cell, candidates]) => this.#problemOf(cell, candidates, read.get(cell)) ?? [])];
  }

  #problemOf(cell: string, candidates: readonly Candidate[], value: FieldValue | undefined): string | undefined {
    const acked = candidates.filter(({ isAcked }) => isAcked);
    const unsent = acked.find((each) => !this.#versions.has(each.value));
    if (unsent !== undefined) return `${cell}: ${String(unsent.value)} was acknowledged and never sent`;
    const newest = acked.map((each) => each.value).sort((left, right) => this.#compare(right, left))[0];
    if (value === undefined) return newest === undefined ? undefined : `${cell}: the acknowledged ${String(newest)} is lost`;
    if (!candidates.some((each) => each.value === value)) return `${cell} = ${String(value)} was never sent`;
    if (newest === undefined || this.#compare(value, newest) >= 0) return undefined;
    return `${cell}: ${String(value)} hides the acknowledged ${String(newest)}, which has a greater version`;
  }

  #compare(left: FieldValue, right: FieldValue): number {
    return compareVersions(this.#versions.get(left)!, this.#versions.get(right)!);
  }

  #onFrame(bytes: Uint8Array): void {
    const { header, sections } = decodeFrame(bytes);
    for (const { rows } of sections) {
      rows.columns.forEach((_, columnIndex) => {
        const column = rows.readColumn(columnIndex);
        for (let row = 0; row < rows.rowCount; row += 1) {
          const value = valueAt(column, row);
          if (value !== undefined) this.#versions.set(value, header.version);
        }
      });
    }
  }
}

/** A cell's name in models and reads. */
export function cellName(seriesKey: string, timeNs: bigint, field: string): string {
  return `${seriesKey} ${field} @${timeNs}`;
}
