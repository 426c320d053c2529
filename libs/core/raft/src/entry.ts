import type { SizeBytes } from '@varve/base';

/** Why an entry is in the log. The numbers are on disk: append only. */
export const ENTRY_KINDS = { noOp: 0, command: 1, membership: 2 } as const;

/** One place in the log. Index and term together name it for ever. */
export interface Entry {
  /** From 1, without holes. */
  readonly index: number;
  /** Of the leader that made it. */
  readonly term: number;
  /** One of {@link ENTRY_KINDS}. */
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** Where a log ends. */
export interface LogEnd {
  readonly lastIndex: number;
  readonly lastTerm: number;
}

/** What an entry takes beside its payload: index, term, kind, length. */
const ENTRY_OVERHEAD_BYTES = 32;

/** What an entry counts for where sizes are bounded. */
export function sizeBytesOf({ payload }: Entry): SizeBytes {
  return ENTRY_OVERHEAD_BYTES + payload.length;
}
