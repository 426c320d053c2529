import type { DirtyMark, HintStore, NewHint, StoredHints } from '@varve/ports';
import { SimFile, type SimDisk } from './sim-disk.ts';
import type { SimProcess } from './sim-process.ts';

/** A {@link HintStore} on a simulated disk. */
export class SimHintStore implements HintStore {
  readonly #content: { readonly hints: Map<number, NewHint>; readonly marks: Map<string, DirtyMark>; lastId: number };
  readonly #file: SimFile;

  constructor(process: SimProcess, disk: SimDisk) {
    this.#content = disk.file('hints', () => ({ hints: new Map(), marks: new Map(), lastId: 0 }));
    this.#file = new SimFile(process, disk, { name: 'hints', isBrokenByFailure: false });
  }

  async load(): Promise<StoredHints> {
    return this.#file.read('index', () => ({
      hints: [...this.#content.hints].map(([hintId, { frame, ...rest }]) => ({ hintId, ...rest, sizeBytes: frame.length })),
      marks: [...this.#content.marks.values()].toSorted((left, right) => left.owner - right.owner || left.shard - right.shard),
      damagedCount: 0,
    }));
  }

  async append(hints: readonly NewHint[]): Promise<readonly number[]> {
    const copies = hints.map((hint) => ({ ...hint, frame: hint.frame.slice() }));
    return this.#file.write('append', () =>
      copies.map((hint) => {
        this.#content.lastId += 1;
        this.#content.hints.set(this.#content.lastId, hint);
        return this.#content.lastId;
      }),
    );
  }

  async readFrames(hintIds: readonly number[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#file.read('frames', () => hintIds.map((hintId) => this.#content.hints.get(hintId)?.frame.slice()));
  }

  async replace(hintIds: readonly number[], marks: readonly DirtyMark[]): Promise<void> {
    await this.#file.write('replace', () => {
      for (const hintId of hintIds) this.#content.hints.delete(hintId);
      for (const mark of marks) this.#content.marks.set(keyOf(mark), mark);
    });
  }

  async clearMarks(marks: readonly DirtyMark[]): Promise<void> {
    await this.#file.write('clear', () => {
      for (const mark of marks) this.#content.marks.delete(keyOf(mark));
    });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function keyOf({ owner, shard }: DirtyMark): string {
  return `${owner}/${shard}`;
}
