export { EMPTY_CATALOG, withoutSessions } from './catalog.ts';
export { catalogPieces, databaseFromText, databaseToText, decodeCatalog, encodeCatalog } from './catalog-codec.ts';
export { decodeChanges, decodeDelivery, encodeChange, encodeDelivery } from './catalog-delivery.ts';
export { withoutSecrets, withoutUserInfo } from './catalog-command.ts';
export { SETTING_KEYS, settingOf, settingProblem } from './catalog-settings.ts';
export { decodeCommand, decodeCommandResult, encodeCommand, encodeCommandResult } from './command-codec.ts';
export { hasValue, valueAt } from './column.ts';
export { FEATURE_LEVEL, featureLevelOf, FIRST_FEATURE_LEVEL } from './feature-level.ts';
export { READ_LEVELS, WRITE_LEVELS } from './levels.ts';
export { decodeVector, decodeVectors, EMPTY_VECTOR, encodeVector, encodeVectors, hasMutation, withMutation } from './mutation-vector.ts';
export { packCatalog, unpackCatalog } from './packed-catalog.ts';
export { parseSeriesKey, seriesKey, tagSegment } from './series-key.ts';
export { newShardGroupRange, SHARD_WINDOW_NS_MAX, shardGroupIndexAt, shardGroupWindow } from './shard-group-window.ts';
export { hasNumbers } from './series-slice.ts';
export { sharedOwners } from './shared-values.ts';
export { tagFilterOf } from './tag-expression.ts';
export { matchesTags } from './tag-filter.ts';
export { covers, formatTime, joinNs, MAX_TIME_NS, MIN_TIME_NS, overlaps, putTimeAfter, splitNs, timeRange } from './time.ts';
export { TimeZone, timeZoneOf } from './time-zone.ts';
export { compareVersions, NO_WATERMARK } from './version.ts';
export type {
  Catalog,
  ClusterNode,
  ContinuousQuery,
  Database,
  Incarnation,
  Lease,
  NodeRole,
  HeldPrivilege,
  Privilege,
  RetentionPolicy,
  Role,
  Session,
  SessionAnswer,
  Shard,
  ShardGroup,
  Subscription,
  SubscriptionMode,
  User,
} from './catalog.ts';
export type {
  CatalogCommand,
  CatalogRejection,
  CommandResult,
  Grantee,
  RetentionPolicyChanges,
  RetentionPolicyOptions,
} from './catalog-command.ts';
export type { CatalogChange, CatalogDelivery } from './catalog-delivery.ts';
export type { SettingKey } from './catalog-settings.ts';
export type { BooleanColumn, Column, FieldType, FieldValue, FloatColumn, IntegerColumn, NamedColumn, StringColumn } from './column.ts';
export type { DatabaseId, IncarnationId, LeaseId, NodeId, RetentionPolicyId, SessionId, ShardGroupId, ShardId } from './ids.ts';
export type { ConsistencyLevel, ReadLevel, WriteLevel } from './levels.ts';
export type { MutationVector, NumberIntervals } from './mutation-vector.ts';
export type { BatchSeries, MeasurementTable, PointBatch, TableSlice } from './point-batch.ts';
export type { Cell, SeriesBlock, ShownCell } from './result-block.ts';
export type { SeriesKey, TagSet } from './series-key.ts';
export type { FieldSummary, SeriesRow, SeriesSlice, SeriesSummaries, SummarizedField, SummaryColumns, SummaryNumberColumns, SummaryNumbers } from './series-slice.ts';
export type { MatcherOf, TagExpression } from './tag-expression.ts';
export type { TagFilter } from './tag-filter.ts';
export type { SplitTime, SplitTimes, TimeRange } from './time.ts';
export type { ClockChange } from './time-zone.ts';
export type { Tombstone } from './tombstone.ts';
export type { MutationId, Version } from './version.ts';
