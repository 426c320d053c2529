/**
 * The syntax tree of InfluxQL 1.x: plain, immutable data, one shape per statement. Nothing in it is resolved: a `time`
 * compared with a text is still a text, `now()` is still a call, wildcards and regular expressions are not expanded.
 *
 * A name that was left out is undefined; so is one that was written as "" where InfluxDB takes that for left out.
 * Durations are nanoseconds as bigint. No expression is higher than MAX_HEIGHT and
 * no nesting deeper than MAX_NESTING, so that recursion over a tree is safe.
 */

/** One statement of a query. */
export type Statement =
  | SelectStatement
  | ExplainStatement
  | DeleteStatement
  | DropSeriesStatement
  | ShowStatement
  | DatabaseStatement
  | ContinuousQueryStatement
  | SubscriptionStatement
  | UserStatement
  | KillQueryStatement;

/** `SELECT … [INTO …] FROM … [WHERE …] [GROUP BY …] [fill(…)] [ORDER BY …] [LIMIT …] … [tz('…')]` */
export interface SelectStatement {
  readonly kind: 'select';
  /** At least one. */
  readonly fields: readonly SelectField[];
  readonly target: Target | undefined;
  /** At least one. */
  readonly sources: readonly Source[];
  readonly condition: Expr | undefined;
  /** GROUP BY: names (`variable`), `wildcard`, `regex` and calls such as `time(1h, 5m)`; the parser lets anything else through, too. */
  readonly dimensions: readonly Expr[];
  /** `{ kind: 'null' }` also when nothing was said. */
  readonly fill: Fill;
  /** undefined: ascending, and nothing was said. */
  readonly order: Order | undefined;
  /** Rows per series. 0: no limit. At most 2^53 − 1; a greater one becomes that. */
  readonly limit: number;
  readonly offset: number;
  /** Series per answer. 0: no limit. */
  readonly seriesLimit: number;
  readonly seriesOffset: number;
  /** Name from the IANA time zone database, as written in `tz('…')`. The parser has checked that it exists. */
  readonly timeZone: string | undefined;
}

export interface SelectField {
  readonly expression: Expr;
  readonly alias: string | undefined;
}

/** `ORDER BY time …`: there is nothing else to order by. */
export type Order = 'ASC' | 'DESC';

/** What a window without points has. `value` is a bigint only for an integer beyond ±(2^53 − 1). */
export type Fill =
  | { readonly kind: 'null' | 'none' | 'previous' | 'linear' }
  | { readonly kind: 'number'; readonly value: number | bigint };

/** `INTO [database.][policy.]measurement`. */
export interface Target {
  readonly database: string | undefined;
  readonly retentionPolicy: string | undefined;
  /** undefined: `:MEASUREMENT`, the name of the source. */
  readonly measurement: string | undefined;
}

export type Source = MeasurementSource | SubquerySource;

/** `[database.][policy.]name` or `[database.][policy.]/regex/`: exactly one of `name` and `regex` is there. */
export interface MeasurementSource {
  readonly kind: 'measurement';
  readonly database: string | undefined;
  readonly retentionPolicy: string | undefined;
  readonly name: string | undefined;
  /** An RE2 pattern that compiles. */
  readonly regex: string | undefined;
}

/** `(SELECT …)` in FROM of a SELECT. */
export interface SubquerySource {
  readonly kind: 'subquery';
  readonly statement: SelectStatement;
}

/**
 * An expression as written. Operators associate to the left, only chains of AND and of OR are built balanced (they are
 * associative), so that a thousand alternatives make a flat tree.
 */
export type Expr =
  | Variable
  | Call
  /** `distinct name`; `distinct(name)` is a call. */
  | { readonly kind: 'distinct'; readonly name: string }
  | BinaryExpr
  | { readonly kind: 'paren'; readonly inner: Expr }
  | { readonly kind: 'wildcard'; readonly only: 'field' | 'tag' | undefined }
  /** An RE2 pattern that compiles. */
  | { readonly kind: 'regex'; readonly pattern: string }
  | Literal;

/** A field, a tag or `time`. Dots are part of it: `a.b` and `"a.b"` are one name. */
export interface Variable {
  readonly kind: 'variable';
  readonly name: string;
  /** `::type`. */
  readonly type: CastType | undefined;
}

export type CastType = 'float' | 'integer' | 'unsigned' | 'string' | 'boolean' | 'field' | 'tag';

export interface Call {
  readonly kind: 'call';
  /** In lower case. */
  readonly name: string;
  readonly args: readonly Expr[];
}

export interface BinaryExpr {
  readonly kind: 'binary';
  readonly operator: Operator;
  readonly left: Expr;
  /** Of `=~` and `!~` always a `regex`. */
  readonly right: Expr;
}

/** `<>` is written `!=`. */
export type Operator =
  | 'AND' | 'OR'
  | '=' | '!=' | '<' | '<=' | '>' | '>='
  | '=~' | '!~'
  | '+' | '-' | '*' | '/' | '%'
  | '&' | '|' | '^';

export type Literal =
  /** Written with a point. */
  | { readonly kind: 'number'; readonly value: number }
  /** An int64, exactly. */
  | { readonly kind: 'integer'; readonly value: bigint }
  /** 2^63 … 2^64 − 1. */
  | { readonly kind: 'unsigned'; readonly value: bigint }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** An int64 of nanoseconds. */
  | { readonly kind: 'duration'; readonly ns: bigint };

/** `EXPLAIN [ANALYZE] SELECT …` */
export interface ExplainStatement {
  readonly kind: 'explain';
  readonly isAnalyze: boolean;
  readonly statement: SelectStatement;
}

/** `DELETE [FROM …] [WHERE …]`: at least one of them. Sources name neither database nor policy. */
export interface DeleteStatement {
  readonly kind: 'delete';
  readonly sources: readonly MeasurementSource[];
  readonly condition: Expr | undefined;
}

/** `DROP SERIES [FROM …] [WHERE …]`: as for {@link DeleteStatement}. */
export interface DropSeriesStatement {
  readonly kind: 'dropSeries';
  readonly sources: readonly MeasurementSource[];
  readonly condition: Expr | undefined;
}

/** Every SHOW. */
export type ShowStatement =
  | { readonly kind: 'showDatabases' | 'showUsers' | 'showQueries' | 'showContinuousQueries' | 'showSubscriptions' | 'showShards' | 'showShardGroups' | 'showServers' }
  | { readonly kind: 'showRetentionPolicies'; readonly database: string | undefined }
  | { readonly kind: 'showGrants'; readonly user: string }
  /** `FOR 'module'`. */
  | { readonly kind: 'showStats' | 'showDiagnostics'; readonly module: string | undefined }
  /** `WITH MEASUREMENT = name` or `=~ /regex/` is the only source. */
  | ({ readonly kind: 'showMeasurements' } & ShowScope)
  | ({ readonly kind: 'showSeries' } & ShowScope)
  | ({ readonly kind: 'showTagKeys'; readonly seriesLimit: number; readonly seriesOffset: number } & ShowScope)
  | ({ readonly kind: 'showTagValues'; readonly keyMatch: KeyMatch } & ShowScope)
  /** Has no WHERE. */
  | ({ readonly kind: 'showFieldKeys' } & ShowScope)
  | ShowCardinalityStatement;

/** `SHOW … [EXACT] CARDINALITY` */
export type ShowCardinalityStatement = CardinalityScope &
  (
    | { readonly kind: 'showSeriesCardinality' | 'showMeasurementCardinality' | 'showTagKeyCardinality' | 'showFieldKeyCardinality' }
    | { readonly kind: 'showTagValuesCardinality'; readonly keyMatch: KeyMatch }
  );

/** What part of a database a SHOW looks at. */
export interface ShowScope {
  /** `ON database`. */
  readonly database: string | undefined;
  /** FROM; empty: everything. */
  readonly sources: readonly MeasurementSource[];
  readonly condition: Expr | undefined;
  readonly order: Order | undefined;
  /** 0: no limit. */
  readonly limit: number;
  readonly offset: number;
}

export interface CardinalityScope extends Omit<ShowScope, 'order'> {
  readonly isExact: boolean;
  readonly dimensions: readonly Expr[];
}

/** `WITH KEY = key`, `!= key`, `IN (key, …)`, `=~ /regex/`, `!~ /regex/`. */
export type KeyMatch =
  | { readonly operator: '=' | '!='; readonly key: string }
  | { readonly operator: 'IN'; readonly keys: readonly string[] }
  | { readonly operator: '=~' | '!~'; readonly pattern: string };

/** Statements on databases, their policies and what is stored in them. */
export type DatabaseStatement =
  | {
      readonly kind: 'createDatabase';
      readonly name: string;
      /** undefined: no WITH. */
      readonly retentionPolicy: (RetentionPolicyClauses & { readonly name: string | undefined }) | undefined;
    }
  | { readonly kind: 'dropDatabase'; readonly name: string }
  | {
      readonly kind: 'createRetentionPolicy';
      readonly name: string;
      readonly database: string;
      /** 0n: for ever (INF). */
      readonly durationNs: bigint;
      readonly replicaCount: number;
      /** undefined: not given, or 0s. */
      readonly shardDurationNs: bigint | undefined;
      readonly isDefault: boolean;
    }
  | ({
      readonly kind: 'alterRetentionPolicy';
      readonly name: string;
      readonly database: string;
      readonly isDefault: boolean;
    } & RetentionPolicyClauses)
  | { readonly kind: 'dropRetentionPolicy'; readonly name: string; readonly database: string }
  | { readonly kind: 'dropMeasurement'; readonly name: string }
  | { readonly kind: 'dropShard'; readonly id: bigint };

/** Options of a policy; undefined: not given. */
export interface RetentionPolicyClauses {
  /** 0n: for ever (INF). */
  readonly durationNs: bigint | undefined;
  /** 1 … 2^31 − 1. */
  readonly replicaCount: number | undefined;
  readonly shardDurationNs: bigint | undefined;
}

export type ContinuousQueryStatement =
  | {
      readonly kind: 'createContinuousQuery';
      readonly name: string;
      readonly database: string;
      /** `RESAMPLE EVERY …`. */
      readonly resampleEveryNs: bigint | undefined;
      /** `RESAMPLE … FOR …`. */
      readonly resampleForNs: bigint | undefined;
      /** Has a target, and a `GROUP BY time(…)` when it calls functions. */
      readonly statement: SelectStatement;
    }
  | { readonly kind: 'dropContinuousQuery'; readonly name: string; readonly database: string };

export type SubscriptionStatement =
  | {
      readonly kind: 'createSubscription';
      readonly name: string;
      readonly database: string;
      readonly retentionPolicy: string;
      readonly mode: 'ALL' | 'ANY';
      /** At least one. */
      readonly destinations: readonly string[];
    }
  | { readonly kind: 'dropSubscription'; readonly name: string; readonly database: string; readonly retentionPolicy: string };

export type UserStatement =
  | { readonly kind: 'createUser'; readonly name: string; readonly password: string; readonly isAdmin: boolean }
  | { readonly kind: 'setPassword'; readonly name: string; readonly password: string }
  | { readonly kind: 'dropUser'; readonly name: string }
  | { readonly kind: 'grant' | 'revoke'; readonly privilege: Privilege; readonly database: string; readonly user: string }
  /** `ALL PRIVILEGES TO` or `FROM` a user: the right to everything. */
  | { readonly kind: 'grantAdmin' | 'revokeAdmin'; readonly user: string };

export type Privilege = 'READ' | 'WRITE' | 'ALL';

/** `KILL QUERY id [ON "host"]` */
export interface KillQueryStatement {
  readonly kind: 'killQuery';
  /** A uint64. */
  readonly queryId: bigint;
  readonly host: string | undefined;
}
