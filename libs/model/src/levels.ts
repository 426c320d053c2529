/** How many owners must hold a write before it is answered. Source: DESIGN §4. */
export type WriteLevel = 'any' | 'one' | 'quorum' | 'all';
/** How many owners a read must agree with. Source: DESIGN §5. */
export type ReadLevel = 'one' | 'quorum' | 'all';
/** InfluxDB's name for {@link WriteLevel}. */
export type ConsistencyLevel = WriteLevel;

/** Every write level, weakest first. */
export const WRITE_LEVELS: readonly WriteLevel[] = ['any', 'one', 'quorum', 'all'];
/** Every read level, weakest first. */
export const READ_LEVELS: readonly ReadLevel[] = ['one', 'quorum', 'all'];
