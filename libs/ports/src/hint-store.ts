import type { SizeBytes } from '@varve/base';
import type { IncarnationId, NodeId, ShardId } from '@varve/model';

/** A frame, and an owner that misses it. */
export interface NewHint {
  readonly owner: NodeId;
  readonly shard: ShardId;
  /** With `number` the frame's mutation id. */
  readonly incarnation: IncarnationId;
  readonly number: number;
  /** The trace of the write, as W3C has it (`traceparent`), when there is one. */
  readonly traceParent: string | undefined;
  readonly frame: Uint8Array;
}

/** A hint as it is kept, without its frame. */
export interface StoredHint extends Omit<NewHint, 'frame'> {
  /** Ascending, and never given again. */
  readonly hintId: number;
  /** Of the frame. */
  readonly sizeBytes: SizeBytes;
}

/** An owner that lacks frames of a shard which no hint will bring: reconciliation has to. */
export interface DirtyMark {
  readonly owner: NodeId;
  readonly shard: ShardId;
}

export interface StoredHints {
  /** Ascending by hintId. */
  readonly hints: readonly StoredHint[];
  readonly marks: readonly DirtyMark[];
  /** Hints that nobody can read any more; they are let go by loading. */
  readonly damagedCount: number;
}

/** Hints of a repair node on its disk, `synchronous=FULL`, each with a checksum. Dumb on purpose. */
export interface HintStore {
  load(): Promise<StoredHints>;
  /**
   * Resolves when the hints survive a power cut, all or none of them. @returns their ids, in order
   * @throws DbError STORAGE_FULL, STORAGE_FAILED
   */
  append(hints: readonly NewHint[]): Promise<readonly number[]>;
  /** Frames in the order asked for; undefined where there is no such hint, or its frame is damaged. */
  readFrames(hintIds: readonly number[]): Promise<readonly (Uint8Array | undefined)[]>;
  /**
   * Lets go of hints and sets marks, in one transaction: no hint is gone without what replaces it (H3). Hints that are not
   * there and marks that are set already are no error. Resolves when durable. @throws DbError STORAGE_FULL, STORAGE_FAILED
   */
  replace(hintIds: readonly number[], marks: readonly DirtyMark[]): Promise<void>;
  /** Marks that are not set are no error. */
  clearMarks(marks: readonly DirtyMark[]): Promise<void>;
  /** Ends what is under way, then refuses with STORAGE_FAILED. */
  close(): Promise<void>;
}
