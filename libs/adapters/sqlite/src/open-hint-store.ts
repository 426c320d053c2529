import type { DirtyMark, HintStore, NewHint, StoredHints } from '@varve/ports';
import type { ThreadClient } from '@varve/threads';
import type { HintFile, HintFileOptions } from './hint-file.ts';
import { startStoreThread } from './store-thread.ts';

/**
 * Opens a repair node's hints in a thread of their own; creates the file when there is none. @throws DbError
 * STORAGE_CORRUPT, STORAGE_NEWER_FORMAT, STORAGE_UNWRITABLE, STORAGE_LOCKED, STORAGE_FULL, STORAGE_FAILED
 */
export async function openHintStore(options: HintFileOptions): Promise<HintStore> {
  return new SqliteHintStore(await startStoreThread<HintFile>({ store: 'hints', options }));
}

class SqliteHintStore implements HintStore {
  readonly #worker: ThreadClient<HintFile>;

  constructor(worker: ThreadClient<HintFile>) {
    this.#worker = worker;
  }

  async load(): Promise<StoredHints> {
    return this.#worker.call('load');
  }

  async append(hints: readonly NewHint[]): Promise<readonly number[]> {
    return this.#worker.call('append', hints.map(withOwnFrame));
  }

  async readFrames(hintIds: readonly number[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#worker.call('readFrames', hintIds);
  }

  async replace(hintIds: readonly number[], marks: readonly DirtyMark[]): Promise<void> {
    await this.#worker.call('replace', hintIds, marks);
  }

  async clearMarks(marks: readonly DirtyMark[]): Promise<void> {
    await this.#worker.call('clearMarks', marks);
  }

  async close(): Promise<void> {
    await this.#worker.close();
  }
}

/** A message takes a view's whole buffer along, so a view into a larger one is cut out first. */
function withOwnFrame(hint: NewHint): NewHint {
  const { frame } = hint;
  return frame.byteLength === frame.buffer.byteLength ? hint : { ...hint, frame: frame.slice() };
}
