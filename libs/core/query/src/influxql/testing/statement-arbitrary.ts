import fc, { type Arbitrary } from 'fast-check';
import type { CardinalityScope, Expr, Fill, KeyMatch, MeasurementSource, Operator, SelectStatement, ShowScope, Source, Statement } from '../ast.ts';
import { MAX_INT64, MAX_UINT64, MIN_INT64 } from '../int64.ts';

/** Any statement that the parser can make, users with their passwords apart. */
export function anyStatement(): Arbitrary<Statement> {
  return fc.oneof(anySelect(), anyExplain(), anyDelete(), anyShow(), anyDatabaseStatement(), anyContinuousQuery(), anySubscription(), anyUserStatement(), anyKill());
}

// A text with a carriage return cannot be written: it is read as a line end.
const anyText = fc.oneof(fc.string({ unit: 'grapheme-composite', maxLength: 8 }), fc.constantFrom("it's", '"', '\\', 'a\nb', '\\n', '😀')).map((text) => text.replaceAll('\r', '\n'));
const anyName = fc.oneof(fc.constantFrom('a', 'value', 'time', 'select', 'Key', '__proto__', '1a', 'a.b'), anyText.filter((text) => text !== ''));
const anyPattern = fc.oneof(fc.constantFrom('', '^a$', 'a/b', '\\/', '\\\\a', '(a|b)+', "'"), fc.stringMatching(/^[a-z /."]*$/));
const anyCount = fc.oneof(fc.constant(0), fc.nat(), fc.maxSafeNat());
const anyDurationNs = fc.oneof(fc.bigInt(MIN_INT64 + 1n, MAX_INT64), fc.integer({ min: -400, max: 400 }).map((hours) => BigInt(hours) * 3_600_000_000_000n));
const aPolicyDurationNs = fc.oneof(fc.constant(0n), fc.bigInt(0n, MAX_INT64));
const anyReplicaCount = fc.integer({ min: 1, max: 2_147_483_647 });
const anyOrder = fc.constantFrom('ASC', 'DESC', undefined);

const COMPARISONS = ['AND', 'OR', '=', '!=', '<', '<=', '>', '>='] as const;
const ARITHMETIC = ['+', '-', '*', '/', '%', '&', '|', '^'] as const;

function maybe<Value>(value: Arbitrary<Value>): Arbitrary<Value | undefined> {
  return fc.option(value, { nil: undefined });
}

/** Operands of operators are in parentheses where they have an operator themselves, so the tree is what is printed. */
function anyExpr(operators: readonly Operator[]): Arbitrary<Expr> {
  const { expr } = fc.letrec<{ expr: Expr; operand: Expr; argument: Expr }>((tie) => ({
    expr: fc.oneof({ maxDepth: 3 }, tie('operand'), ...binaries(operators, tie('operand'))),
    operand: fc.oneof(
      { maxDepth: 3 },
      anyLeaf(),
      fc.record({ kind: fc.constant('paren' as const), inner: tie('expr') }),
      fc.record({ kind: fc.constant('call' as const), name: callName, args: fc.array(tie('argument'), { maxLength: 3 }) }),
    ),
    argument: fc.oneof(tie('expr'), anyRegex),
  }));
  return expr;
}

function binaries(operators: readonly Operator[], operand: Arbitrary<Expr>): readonly Arbitrary<Expr>[] {
  const kind = fc.constant('binary' as const);
  const plain = fc.record({ kind, operator: fc.constantFrom(...operators), left: operand, right: operand });
  const match = fc.record({ kind, operator: fc.constantFrom('=~' as const, '!~' as const), left: operand, right: anyRegex });
  return operators.includes('=') ? [plain, match] : [plain];
}

const callName = fc.oneof(fc.constantFrom('mean', 'distinct', 'time', 'now'), anyName.map((name) => name.toLowerCase()));
const anyRegex: Arbitrary<Expr> = fc.record({ kind: fc.constant('regex' as const), pattern: anyPattern });

function anyLeaf(): Arbitrary<Expr> {
  const types = fc.constantFrom('float', 'integer', 'unsigned', 'string', 'boolean', 'field', 'tag', undefined);
  return fc.oneof(
    fc.record({ kind: fc.constant('variable' as const), name: anyName, type: types }),
    fc.record({ kind: fc.constant('distinct' as const), name: anyName }),
    fc.record({ kind: fc.constant('wildcard' as const), only: fc.constantFrom('field' as const, 'tag' as const, undefined) }),
    fc.record({ kind: fc.constant('number' as const), value: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
    fc.record({ kind: fc.constant('integer' as const), value: fc.bigInt(MIN_INT64, MAX_INT64) }),
    fc.record({ kind: fc.constant('unsigned' as const), value: fc.bigInt(MAX_INT64 + 1n, MAX_UINT64) }),
    fc.record({ kind: fc.constant('string' as const), value: anyText }),
    fc.record({ kind: fc.constant('boolean' as const), value: fc.boolean() }),
    fc.record({ kind: fc.constant('duration' as const), ns: anyDurationNs }),
  );
}

const anyField = anyExpr(ARITHMETIC);
const anyCondition = anyExpr([...COMPARISONS, ...ARITHMETIC]);
const anyDimension = fc.oneof(anyCondition, anyRegex);

const anyMeasurement: Arbitrary<MeasurementSource> = fc
  .tuple(maybe(anyName), maybe(anyName), fc.oneof(fc.record({ name: anyName }), fc.record({ regex: anyPattern })))
  .map(([database, retentionPolicy, what]) => ({ kind: 'measurement', database, retentionPolicy, name: undefined, regex: undefined, ...what }));

const anyFill: Arbitrary<Fill> = fc.oneof(
  fc.constantFrom<Fill>({ kind: 'null' }, { kind: 'none' }, { kind: 'previous' }, { kind: 'linear' }),
  fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true })).map((value): Fill => ({ kind: 'number', value: value === 0 ? 0 : value })),
  fc.bigInt(2n ** 53n, MAX_INT64).map((value): Fill => ({ kind: 'number', value })),
);

function anySelect(depth = 2): Arbitrary<SelectStatement> {
  const subquery = anySelectOver(anyMeasurement).map((statement): Source => ({ kind: 'subquery', statement: { ...statement, target: undefined } }));
  const nested = (): Arbitrary<Source> => anySelect(depth - 1).map((statement) => ({ kind: 'subquery', statement: { ...statement, target: undefined } }));
  return anySelectOver(depth === 0 ? anyMeasurement : fc.oneof(anyMeasurement, subquery, nested()));
}

function anySelectOver(source: Arbitrary<Source>): Arbitrary<SelectStatement> {
  return fc.record({
    kind: fc.constant('select' as const),
    fields: fc.array(fc.record({ expression: fc.oneof(anyField, anyRegex), alias: maybe(anyName) }), { minLength: 1, maxLength: 3 }),
    target: maybe(fc.record({ database: maybe(anyName), retentionPolicy: maybe(anyName), measurement: anyName })),
    sources: fc.array(source, { minLength: 1, maxLength: 2 }),
    condition: maybe(anyCondition),
    dimensions: fc.array(anyDimension, { maxLength: 3 }),
    fill: anyFill,
    order: anyOrder,
    limit: anyCount,
    offset: anyCount,
    seriesLimit: anyCount,
    seriesOffset: anyCount,
    timeZone: fc.constantFrom('UTC', 'Europe/Berlin', undefined),
  });
}

function anyExplain(): Arbitrary<Statement> {
  return fc.record({ kind: fc.constant('explain' as const), isAnalyze: fc.boolean(), statement: anySelect() });
}

function anyDelete(): Arbitrary<Statement> {
  const source = anyMeasurement.map((each) => ({ ...each, database: undefined, retentionPolicy: undefined }));
  const scope = fc.record({ kind: fc.constantFrom('delete' as const, 'dropSeries' as const), sources: fc.array(source, { maxLength: 2 }), condition: maybe(anyCondition) });
  return scope.filter(({ sources, condition }) => sources.length > 0 || condition !== undefined);
}

const anyScope: Arbitrary<ShowScope> = fc.record({
  database: maybe(anyName),
  sources: fc.array(anyMeasurement, { maxLength: 2 }),
  condition: maybe(anyCondition),
  order: anyOrder,
  limit: anyCount,
  offset: anyCount,
});

const anyCardinalityScope: Arbitrary<CardinalityScope> = fc
  .tuple(anyScope, fc.boolean(), fc.array(anyDimension, { maxLength: 2 }))
  .map(([{ order: _order, ...scope }, isExact, dimensions]) => ({ ...scope, isExact, dimensions }));

const anyKeyMatch: Arbitrary<KeyMatch> = fc.oneof(
  fc.record({ operator: fc.constantFrom('=' as const, '!=' as const), key: anyName }),
  fc.record({ operator: fc.constant('IN' as const), keys: fc.array(anyName, { minLength: 1, maxLength: 3 }) }),
  fc.record({ operator: fc.constantFrom('=~' as const, '!~' as const), pattern: anyPattern }),
);

const PLAIN_SHOWS = ['showDatabases', 'showUsers', 'showQueries', 'showContinuousQueries', 'showSubscriptions', 'showShards', 'showShardGroups', 'showServers'] as const;
const PLAIN_CARDINALITIES = ['showSeriesCardinality', 'showMeasurementCardinality', 'showTagKeyCardinality', 'showFieldKeyCardinality'] as const;

function anyShow(): Arbitrary<Statement> {
  return fc.oneof(
    fc.record({ kind: fc.constantFrom(...PLAIN_SHOWS) }),
    fc.record({ kind: fc.constant('showRetentionPolicies' as const), database: maybe(anyName) }),
    fc.record({ kind: fc.constant('showGrants' as const), user: anyName }),
    fc.record({ kind: fc.constantFrom('showStats' as const, 'showDiagnostics' as const), module: maybe(anyName) }),
    anyScope.map((scope): Statement => ({ kind: 'showMeasurements', ...scope, sources: scope.sources.slice(0, 1) })),
    anyScope.map((scope): Statement => ({ kind: 'showSeries', ...scope })),
    anyScope.map((scope): Statement => ({ kind: 'showFieldKeys', ...scope, condition: undefined })),
    fc.tuple(anyScope, anyCount, anyCount).map(([scope, seriesLimit, seriesOffset]): Statement => ({ kind: 'showTagKeys', ...scope, seriesLimit, seriesOffset })),
    fc.tuple(anyScope, anyKeyMatch).map(([scope, keyMatch]): Statement => ({ kind: 'showTagValues', ...scope, keyMatch })),
    fc.tuple(fc.constantFrom(...PLAIN_CARDINALITIES), anyCardinalityScope).map(([kind, scope]): Statement => ({ kind, ...scope })),
    fc.tuple(anyCardinalityScope, anyKeyMatch).map(([scope, keyMatch]): Statement => ({ kind: 'showTagValuesCardinality', ...scope, keyMatch })),
  );
}

const someClauses = fc
  .record({ durationNs: maybe(aPolicyDurationNs), replicaCount: maybe(anyReplicaCount), shardDurationNs: maybe(aPolicyDurationNs) })
  .filter((clauses) => Object.values(clauses).some((clause) => clause !== undefined));

function anyDatabaseStatement(): Arbitrary<Statement> {
  const onDatabase = { name: anyName, database: anyName };
  return fc.oneof(
    fc.tuple(anyName, someClauses, maybe(anyName)).map(([name, clauses, policy]): Statement => ({ kind: 'createDatabase', name, retentionPolicy: { ...clauses, name: policy } })),
    anyName.map((name): Statement => ({ kind: 'createDatabase', name, retentionPolicy: undefined })),
    fc.record({ kind: fc.constantFrom('dropDatabase' as const, 'dropMeasurement' as const, 'dropUser' as const), name: anyName }),
    fc.record({
      kind: fc.constant('createRetentionPolicy' as const),
      ...onDatabase,
      durationNs: aPolicyDurationNs,
      replicaCount: anyReplicaCount,
      shardDurationNs: maybe(aPolicyDurationNs.filter((ns) => ns !== 0n)),
      isDefault: fc.boolean(),
    }),
    fc.tuple(fc.record(onDatabase), someClauses, fc.boolean()).map(([names, clauses, isDefault]): Statement => ({ kind: 'alterRetentionPolicy', ...names, ...clauses, isDefault })),
    fc.record({ kind: fc.constantFrom('dropRetentionPolicy' as const, 'dropContinuousQuery' as const), ...onDatabase }),
    fc.record({ kind: fc.constant('dropShard' as const), id: fc.bigInt(0n, MAX_UINT64) }),
  );
}

function anyContinuousQuery(): Arbitrary<Statement> {
  const windows: Expr = { kind: 'call', name: 'time', args: [{ kind: 'duration', ns: 300_000_000_000n }] };
  const query = fc.tuple(anySelect(), anyName).map(([select, measurement]): SelectStatement => ({
    ...select,
    dimensions: [windows, ...select.dimensions],
    target: { database: undefined, retentionPolicy: measurement, measurement: undefined },
  }));
  return fc.record({
    kind: fc.constant('createContinuousQuery' as const),
    name: anyName,
    database: anyName,
    resampleEveryNs: fc.constantFrom(undefined, 60_000_000_000n),
    resampleForNs: fc.constantFrom(undefined, 3_600_000_000_000n),
    statement: query,
  });
}

function anySubscription(): Arbitrary<Statement> {
  const names = { name: anyName, database: anyName, retentionPolicy: anyName };
  return fc.oneof(
    fc.record({ kind: fc.constant('dropSubscription' as const), ...names }),
    fc.record({
      kind: fc.constant('createSubscription' as const),
      ...names,
      mode: fc.constantFrom('ALL' as const, 'ANY' as const),
      destinations: fc.array(anyText, { minLength: 1, maxLength: 3 }),
    }),
  );
}

function anyUserStatement(): Arbitrary<Statement> {
  const privilege = fc.constantFrom('READ' as const, 'WRITE' as const, 'ALL' as const);
  return fc.oneof(
    fc.record({ kind: fc.constantFrom('grant' as const, 'revoke' as const), privilege, database: anyName, user: anyName }),
    fc.record({ kind: fc.constantFrom('grantAdmin' as const, 'revokeAdmin' as const), user: anyName }),
  );
}

function anyKill(): Arbitrary<Statement> {
  return fc.record({ kind: fc.constant('killQuery' as const), queryId: fc.bigInt(0n, MAX_UINT64), host: maybe(anyName) });
}
