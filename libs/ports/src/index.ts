export { BUS_PAYLOAD_SIZE_BYTES_MAX } from './bus.ts';
export { partialWriteText } from './gateway.ts';
export { SILENT_LOG } from './log.ts';
export { SILENT_METRICS } from './metrics.ts';
export { EMPTY_MEMBERSHIP } from './raft-log-store.ts';
export { refuseOversized } from './refuse-oversized.ts';
export { isWildcard, subjectMatches } from './subject-match.ts';
export { SILENT_SPAN, SILENT_TRACER, traceIdOf } from './tracer.ts';
export type { Background, Tasks } from './background.ts';
export type { Bus, BusMessage, BusStatus, LocalProducer, LocalStreams, StreamEnd, Subscription } from './bus.ts';
export type { CatalogCache } from './catalog-cache.ts';
export type { AuditRow, CatalogSnapshot, CatalogStore } from './catalog-store.ts';
export type { Clock, LongWork, Random, Timer } from './clock.ts';
export type {
  Cell,
  DeleteRequest,
  Gateway,
  Health,
  Precision,
  QueryRequest,
  ResultBlock,
  ResultItem,
  WriteRequest,
  WriteSummary,
} from './gateway.ts';
export type { DirtyMark, HintStore, NewHint, StoredHint, StoredHints } from './hint-store.ts';
export type { DamagedJournalRow, Journal, JournalExtent, JournalRow } from './journal.ts';
export type { Log, LogFacts } from './log.ts';
export type { MetaControl, MetaMember, MetaStatus } from './meta-control.ts';
export type { MetricLabels, Metrics } from './metrics.ts';
export type { PasswordHasher } from './password-hasher.ts';
export type { KnownPeer, LogDamage, RaftIdentity, RaftLogStore, StoredEntry, StoredHardState, StoredMembership, StoredRaft } from './raft-log-store.ts';
export type { Figure, MemoryFacts, ProcessFacts, SelfReport } from './self-report.ts';
export type { NewChunk, ShardChange, ShardState, ShardStore, StoredChunk, StoredSeries, StoredTombstone } from './shard-store.ts';
export type { Span, SpanAttributes, SpanKind, SpanOptions, TraceParent, Tracer } from './tracer.ts';
