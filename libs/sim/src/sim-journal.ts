import { assert, type SizeBytes } from '@varve/base';
import type { ShardId } from '@varve/model';
import type { Journal, JournalExtent, JournalRow } from '@varve/ports';
import { SimFile, type SimDisk } from './sim-disk.ts';
import type { SimProcess } from './sim-process.ts';

/** What the disk holds of a journal. */
interface JournalContent {
  readonly rows: Map<ShardId, JournalRow[]>;
}

/** What a row costs beside its frame. */
const ROW_SIZE_BYTES = 32;

/**
 * A {@link Journal} on a simulated disk. Trims are remembered, not synced: each of them may be forgotten when the process
 * dies, and its rows come back.
 */
export class SimJournal implements Journal {
  readonly #process: SimProcess;
  readonly #disk: SimDisk;
  readonly #content: JournalContent;
  readonly #file: SimFile;
  /** Rows at or below are not shown any more; they are on the disk until the process ends. */
  readonly #trimmed = new Map<ShardId, number>();
  readonly #lastSeqs = new Map<ShardId, number>();

  constructor(process: SimProcess, disk: SimDisk) {
    this.#process = process;
    this.#disk = disk;
    this.#content = disk.file('journal', () => ({ rows: new Map() }));
    this.#file = new SimFile(process, disk, { name: 'journal', isBrokenByFailure: true });
    for (const [shard, rows] of this.#content.rows) this.#lastSeqs.set(shard, rows.at(-1)!.seq);
    process.onKill(() => this.#forgetSomeTrims());
  }

  async append(rows: readonly JournalRow[]): Promise<void> {
    for (const { shard, seq } of rows) {
      const lastSeq = this.#lastSeqs.get(shard);
      assert(lastSeq === undefined || seq === lastSeq + 1, `row ${seq} of shard ${shard} after ${lastSeq}`);
      this.#lastSeqs.set(shard, seq);
    }
    const copies = rows.map((row) => ({ ...row, frame: row.frame.slice() }));
    await this.#file.write('append', () => {
      for (const row of copies) rowsOf(this.#content, row.shard).push(row);
    });
  }

  async *read(shard: ShardId, afterSeq: number): AsyncGenerator<JournalRow> {
    const rows = await this.#file.read('rows', () => this.#shown(shard).filter(({ seq }) => seq > afterSeq));
    for (const row of rows) yield { ...row, frame: row.frame.slice() };
  }

  async extents(): Promise<readonly JournalExtent[]> {
    return this.#file.read('extents', () =>
      [...this.#content.rows.keys()]
        .sort((left, right) => left - right)
        .map((shard) => ({ shard, rows: this.#shown(shard) }))
        .filter(({ rows }) => rows.length > 0)
        .map(({ shard, rows }) => ({ shard, firstSeq: rows[0]!.seq, lastSeq: rows.at(-1)!.seq })),
    );
  }

  async trim(shard: ShardId, throughSeq: number): Promise<void> {
    const trim = (): void => void this.#trimmed.set(shard, Math.max(throughSeq, this.#trimmed.get(shard) ?? 0));
    await this.#file.write('trim', trim, { needsSpace: false });
  }

  async sizeBytes(): Promise<SizeBytes> {
    return this.#file.read('size', () => {
      const shown = [...this.#content.rows.keys()].flatMap((shard) => this.#shown(shard));
      return shown.reduce((sum, { frame }) => sum + frame.length + ROW_SIZE_BYTES, 0);
    });
  }

  async close(): Promise<void> {
    await this.#file.close();
    for (const shard of this.#trimmed.keys()) this.#dropTrimmed(shard);
  }

  #shown(shard: ShardId): readonly JournalRow[] {
    const trimmedSeq = this.#trimmed.get(shard) ?? 0;
    return (this.#content.rows.get(shard) ?? []).filter(({ seq }) => seq > trimmedSeq);
  }

  #forgetSomeTrims(): void {
    for (const shard of this.#trimmed.keys()) {
      const isKept = this.#disk.prng.chance(0.5);
      this.#process.scheduler.note(
        `journal of ${this.#process.name}: trim of shard ${shard} is ${isKept ? 'kept' : 'forgotten'}`,
      );
      if (isKept) this.#dropTrimmed(shard);
    }
  }

  #dropTrimmed(shard: ShardId): void {
    const rows = this.#shown(shard);
    if (rows.length === 0) this.#content.rows.delete(shard);
    else this.#content.rows.set(shard, [...rows]);
  }
}

function rowsOf({ rows }: JournalContent, shard: ShardId): JournalRow[] {
  const known = rows.get(shard) ?? [];
  rows.set(shard, known);
  return known;
}
