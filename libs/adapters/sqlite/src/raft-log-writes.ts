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
  for (const [at, { index, term, kind, payload }] of entries.entries()) {
    heads.set([index, term, kind, payload.length], HEAD_LENGTH * at);
    payloads.set(payload, offset);
    offset += payload.length;
  }
  return { heads, payloads };
}

/** The payloads are views into the one buffer. */
export function unpackEntries({ heads, payloads }: PackedEntries): StoredEntry[] {
  let offset = 0;
  return Array.from({ length: heads.length / HEAD_LENGTH }, (_, at) => {
    const [index, term, kind, sizeBytes] = heads.subarray(HEAD_LENGTH * at) as unknown as [number, number, number, number];
    const payload = payloads.subarray(offset, offset + sizeBytes);
    offset += sizeBytes;
    return { index, term, kind, payload };
  });
}
