import type { Expr, KeyMatch, MeasurementSource, Operator, SelectField, Source, Statement, Target } from '../ast.ts';

/** A node of InfluxDB's syntax tree as the corpus has it; what is zero there is left out. */
export type RecordedNode = Readonly<Record<string, unknown>>;

/** Our tree in the corpus's form. */
export function recordedTree(statement: Statement): RecordedNode {
  const { kind, ...fields } = statement;
  const name = TYPES[kind] ?? kind[0]!.toUpperCase() + kind.slice(1);
  return node(`${name}Statement`, ...Object.entries(fields).map(([key, value]) => recordedField(kind, key, value)));
}

/** An expression of ours in the corpus's form. */
export function recordedExpression(expression: Expr): RecordedNode {
  switch (expression.kind) {
    case 'variable':
      return node('VarRef', { Val: expression.name, Type: expression.type && constant(expression.type[0]!.toUpperCase() + expression.type.slice(1)) });
    case 'call':
      return node('Call', { Name: expression.name, Args: expression.args.map(recordedExpression) });
    case 'distinct':
      return node('Distinct', { Val: expression.name });
    case 'binary':
      return node('BinaryExpr', { Op: operatorName(expression.operator), LHS: recordedExpression(expression.left), RHS: recordedExpression(expression.right) });
    case 'paren':
      return node('ParenExpr', { Expr: recordedExpression(expression.inner) });
    case 'wildcard':
      return node('Wildcard', { Type: expression.only && constant(expression.only.toUpperCase()) });
    case 'regex':
      return regexNode(expression.pattern);
    case 'duration':
      return node('DurationLiteral', { Val: Number(expression.ns) });
    case 'integer':
    case 'unsigned':
      return node(expression.kind === 'integer' ? 'IntegerLiteral' : 'UnsignedLiteral', { Val: Number(expression.value) });
    case 'number':
      return node('NumberLiteral', { Val: expression.value });
    case 'string':
      return node('StringLiteral', { Val: expression.value });
    case 'boolean':
      return node('BooleanLiteral', { Val: expression.value });
  }
}

/** A recorded tree without what ours does not keep. */
export function normalized(recorded: unknown): unknown {
  if (Array.isArray(recorded)) return recorded.map(normalized);
  if (typeof recorded !== 'object' || recorded === null) return recorded;
  const { $type, IsRawQuery: _isRaw, IsTarget: _isTarget, ...fields } = recorded as RecordedNode;
  const entries = Object.entries(fields).map(([key, value]) => [key, normalized(value)] as const);
  const kept = entries.filter(([key, value]) => !isZero(value) && !($type === 'influxql.SortField' && key === 'Name'));
  return { ...($type === undefined ? {} : { $type }), ...Object.fromEntries(kept) };
}

const TYPES: Partial<Record<Statement['kind'], string>> = {
  delete: 'DeleteSeries',
  setPassword: 'SetPasswordUser',
  showGrants: 'ShowGrantsForUser',
};

function recordedField(kind: Statement['kind'], key: string, value: unknown): RecordedNode {
  if (value === undefined) return {};
  switch (key) {
    case 'fields':
      return { Fields: (value as readonly SelectField[]).map(({ expression, alias }) => node('Field', { Expr: recordedExpression(expression), Alias: alias })) };
    case 'target':
      return { Target: node('Target', { Measurement: targetNode(value as Target) }) };
    case 'sources':
      return kind === 'showMeasurements' ? { Source: sourceNodes(value)[0] } : { Sources: sourceNodes(value) };
    case 'condition':
      return { Condition: recordedExpression(value as Expr) };
    case 'dimensions':
      return { Dimensions: (value as readonly Expr[]).map((each) => node('Dimension', { Expr: recordedExpression(each) })) };
    case 'fill': {
      const fill = (value as { kind: string }).kind;
      return fill === 'null' ? {} : { Fill: constant(`${fill[0]!.toUpperCase()}${fill.slice(1)}Fill`) };
    }
    case 'order':
      return { SortFields: [node('SortField', { Ascending: value === 'ASC' })] };
    case 'keyMatch':
      return keyMatchFields(value as KeyMatch);
    case 'statement':
      return { [kind === 'explain' ? 'Statement' : 'Source']: recordedTree(value as Statement) };
    case 'privilege':
      return { Privilege: constant(`${(value as string)[0]}${(value as string).slice(1).toLowerCase()}Privilege`) };
    case 'retentionPolicy':
      return typeof value === 'string' ? { RetentionPolicy: value } : policyFields(value as RecordedNode);
    default:
      return { [fieldName(kind, key)]: typeof value === 'bigint' ? Number(value) : value };
  }
}

function fieldName(kind: Statement['kind'], key: string): string {
  if ((kind === 'grant' || kind === 'revoke') && key === 'database') return 'On';
  if (kind === 'showGrants') return 'Name';
  return FIELD_NAMES[key] ?? key[0]!.toUpperCase() + key.slice(1);
}

const FIELD_NAMES: Readonly<Record<string, string>> = {
  seriesLimit: 'SLimit',
  seriesOffset: 'SOffset',
  isExact: 'Exact',
  isDefault: 'Default',
  isAdmin: 'Admin',
  isAnalyze: 'Analyze',
  resampleEveryNs: 'ResampleEvery',
  resampleForNs: 'ResampleFor',
  durationNs: 'Duration',
  replicaCount: 'Replication',
  shardDurationNs: 'ShardGroupDuration',
  queryId: 'QueryID',
  id: 'ID',
};

function policyFields(policy: RecordedNode): RecordedNode {
  const entries = Object.entries(policy).map(([key, value]) => [`RetentionPolicy${fieldName('createDatabase', key)}`, typeof value === 'bigint' ? Number(value) : value]);
  return { RetentionPolicyCreate: true, ...Object.fromEntries(entries) };
}

function keyMatchFields(match: KeyMatch): RecordedNode {
  const Op = operatorName(match.operator);
  if ('pattern' in match) return { Op, TagKeyExpr: regexNode(match.pattern) };
  return { Op, TagKeyExpr: 'keys' in match ? node('ListLiteral', { Vals: match.keys }) : node('StringLiteral', { Val: match.key }) };
}

function sourceNodes(sources: unknown): readonly RecordedNode[] {
  return (sources as readonly Source[]).map((source) =>
    source.kind === 'subquery' ? node('SubQuery', { Statement: recordedTree(source.statement) }) : measurementNode(source),
  );
}

function measurementNode({ database, retentionPolicy, name, regex }: MeasurementSource): RecordedNode {
  return node('Measurement', { Database: database, RetentionPolicy: retentionPolicy, Name: name, Regex: regex === undefined ? undefined : regexNode(regex) });
}

function targetNode({ database, retentionPolicy, measurement }: Target): RecordedNode {
  return node('Measurement', { Database: database, RetentionPolicy: retentionPolicy, Name: measurement });
}

function regexNode(pattern: string): RecordedNode {
  return node('RegexLiteral', { Val: { $regexp: pattern } });
}

function operatorName(operator: Operator | 'IN'): RecordedNode {
  return constant(OPERATORS[operator] ?? operator);
}

const OPERATORS: Readonly<Record<string, string>> = {
  ...{ '=': 'EQ', '!=': 'NEQ', '<': 'LT', '<=': 'LTE', '>': 'GT', '>=': 'GTE', '=~': 'EQREGEX', '!~': 'NEQREGEX' },
  ...{ '+': 'ADD', '-': 'SUB', '*': 'MUL', '/': 'DIV', '%': 'MOD', '&': 'BITWISE_AND', '|': 'BITWISE_OR', '^': 'BITWISE_XOR' },
};

function constant(name: string): RecordedNode {
  return { $const: `influxql.${name}` };
}

function node(type: string, ...fields: readonly RecordedNode[]): RecordedNode {
  const entries = fields.flatMap((each) => Object.entries(each)).filter(([, value]) => !isZero(value));
  return { $type: `influxql.${type}`, ...Object.fromEntries(entries) };
}

function isZero(value: unknown): boolean {
  return value === undefined || value === null || value === 0 || value === false || value === '' || (Array.isArray(value) && value.length === 0);
}
