/**
 * A follower's cached copy of the catalog: a document, and others that were appended to it since. What they say is the
 * follower's to know. It may be lost at any time, and is never wrong: a part that is not as it was written is not loaded.
 */
export interface CatalogCache {
  /** The documents in order; none when there is no copy, or none that can be used. The end may be missing. Called once, before all else. */
  load(): Promise<readonly Uint8Array[]>;
  /** Puts one document in the place of all, wholly or not at all. @throws DbError STORAGE_FAILED, STORAGE_FULL */
  replace(document: Uint8Array): Promise<void>;
  /** Adds to what `load` or `replace` has left, wholly or not at all. @throws DbError STORAGE_FAILED, STORAGE_FULL */
  append(document: Uint8Array): Promise<void>;
  /** Finishes what is under way. */
  close(): Promise<void>;
}
