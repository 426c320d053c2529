/** Nanoseconds since the Unix epoch. bigint, because 2^53 ns is only 104 days. */
export type TimestampNs = bigint & { readonly unit?: 'ns' };
/** Milliseconds on this process's monotonic clock. Never compared between nodes. */
export type InstantMs = number & { readonly unit?: 'ms'; readonly clock?: 'monotonic' };
/** Milliseconds since the Unix epoch, from a wall clock that may jump. */
export type WallMs = number & { readonly unit?: 'ms'; readonly clock?: 'wall' };
/** A length of time in milliseconds. */
export type DurationMs = number & { readonly unit?: 'ms' };
/** A length in bytes. */
export type SizeBytes = number & { readonly unit?: 'By' };
