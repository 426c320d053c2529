import type { KnownPeer, StoredEntry, StoredHardState, StoredMembership } from '@varve/ports';

/** Entries on their way between two threads: one buffer instead of one for each. */
export interface PackedEntries {
  /** Of each entry: index, term, kind and the payload's size. */
  readonly heads: Float64Array<ArrayBuffer>;
  readonly payloads: Uint8Array<ArrayBuffer>;
}

/** One change of a Raft log's file. */
export type RaftLogWrite =
  | { readonly kind: 'persist'; readonly hardState: StoredHardState | undefined; readonly packed: PackedEntries }
  | { readonly kind: 'compact'; readonly throughIndex: number; readonly term: number; readonly membership: StoredMembership }
  | { readonly kind: 'remember'; readonly peer: KnownPeer }
  | { readonly kind: 'recovered' };

const HEAD_LENGTH = 4;

/** Copies the payloads. */
export function packEntries(entries: readonly StoredEntry[]): PackedEntries {
  const heads = new Float64Array(HEAD_LENGTH * entries.length);
  const payloads = new Uint8Array(entries.reduce((sum, { payload }) => sum + payload.length, 0));
  let offset = 0;
  let at = 0;
  for (const { index, term, kind, payload } of entries) {
    heads[at] = index;
    heads[at + 1] = term;
    heads[at + 2] = kind;
    heads[at + 3] = payload.length;
    at += HEAD_LENGTH;
    payloads.set(payload, offset);
    offset += payload.length;
  }
  return { heads, payloads };
}

/** The payloads are views into the one buffer. */
export function unpackEntries({ heads, payloads }: PackedEntries): StoredEntry[] {
  const entries: StoredEntry[] = [];
  let offset = 0;
  for (let at = 0; at < heads.length; at += HEAD_LENGTH) {
    const end = offset + heads[at + 3]!;
    entries.push({ index: heads[at]!, term: heads[at + 1]!, kind: heads[at + 2]!, payload: payloads.subarray(offset, end) });
    offset = end;
  }
  return entries;
}
