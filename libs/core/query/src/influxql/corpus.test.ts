import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import type { Expr } from './ast.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { parseQuery } from './parse.ts';
import { parseExpression } from './parse-expression.ts';
import { formatStatement } from './print-statement.ts';
import { quoteIdentifier, quoteSegments, quoteString } from './quote.ts';
import ratchet from './testdata/corpus-ratchet.json' with { type: 'json' };
import { normalized, recordedExpression, recordedTree, type RecordedNode } from './testing/recorded-tree.ts';
import { TokenStream } from './token-stream.ts';
import { validateSelect } from './validate-select.ts';

// What InfluxDB 1.x makes of queries: error texts to the letter, syntax trees, and how statements are printed. Counts of
// passing cases may only rise; raise them in testdata/corpus-ratchet.json. The corpora stay outside of the repository.
const CORPORA = join(import.meta.dirname, '../../../../../../shared/compat');
const isAbsent = !existsSync(CORPORA);
if (isAbsent) console.warn(`the corpora are not at ${CORPORA}: skipped`);

/** Cases where another answer than the recorded one is right. */
const ON_PURPOSE: ReadonlyMap<string, string> = new Map([
  ['', 'an empty query is an error of the HTTP edge; parsed, it has no statements'],
  ['SELECT field1 FROM myseries ORDER BY ASC, field1, field2 DESC LIMIT 10', 'InfluxDB itself refuses it: only ORDER BY time'],
]);

/** A case passes when nothing is returned; else what went wrong. */
function runCases<Case>(name: keyof typeof ratchet, cases: readonly Case[], problemOf: (each: Case) => string | undefined): void {
  const problems = cases.map(problemOf).filter((problem) => problem !== undefined);
  const passCount = cases.length - problems.length;
  console.log(`${name}: ${passCount} of ${cases.length}`);
  expect(problems).toHaveLength(ratchet[name].failCount);
  expect(passCount).toBeGreaterThanOrEqual(ratchet[name].passCount);
}

function readCorpus<Corpus>(fileName: string): Corpus {
  const text = readFileSync(join(CORPORA, fileName), 'utf8');
  return JSON.parse(text.replaceAll(/\{\{now[^}]*\}\}/g, '2020-01-01T00:00:00Z')) as Corpus;
}

interface ParserCorpus {
  readonly accept: readonly { readonly s: string; readonly params?: Record<string, unknown>; readonly ast?: RecordedNode }[];
  readonly reject: readonly { readonly s: string; readonly params?: Record<string, unknown>; readonly err: string }[];
  readonly expr: readonly { readonly s: string; readonly ast?: RecordedNode; readonly err?: string }[];
  readonly tables: Readonly<Record<string, { readonly tables: readonly { readonly rows: readonly Record<string, unknown>[] }[] }>>;
}

test.skipIf(isAbsent)('statements parse to the trees of InfluxDB', () => {
  const { accept } = readCorpus<ParserCorpus>('influxql.json');
  const cases = accept.filter(({ s }) => !ON_PURPOSE.has(s));
  runCases('accepted statements', cases, ({ s, params, ast }) => {
    const parsed = parseQuery(s, withPlainNumbers(params));
    if (parsed.kind === 'error') return `${s}: ${parsed.message}`;
    return ast === undefined || sameTree(recordedTree(parsed.statements[0]!), ast) ? undefined : `${s}: another tree`;
  });
});

test.skipIf(isAbsent)('statements are refused with the texts of InfluxDB', () => {
  const { reject } = readCorpus<ParserCorpus>('influxql.json');
  const cases = reject.filter(({ s }) => !ON_PURPOSE.has(s));
  runCases('refused statements', cases, ({ s, params, err }) => {
    const parsed = parseQuery(s, params);
    return parsed.kind === 'error' && parsed.message === err ? undefined : `${s}: ${JSON.stringify(parsed)}`;
  });
});

test.skipIf(isAbsent)('expressions parse to the trees of InfluxDB', () => {
  runCases('expressions', readCorpus<ParserCorpus>('influxql.json').expr, ({ s, ast, err }) => {
    const { expression, error } = parseAlone(s);
    if (err !== undefined) return error === err ? undefined : `${s}: ${error}`;
    return error === undefined && sameTree(recordedExpression(expression), ast) ? undefined : `${s}: ${error ?? 'another tree'}`;
  });
});

test.skipIf(isAbsent)('statements, durations and names are printed as InfluxDB prints them', () => {
  const { tables } = readCorpus<ParserCorpus>('influxql.json');
  const rows = <Row>(table: string): readonly Row[] => tables[table]!.tables.flatMap((each) => each.rows) as readonly Row[];
  const cases = [
    ...rows<{ stmt: string }>('TestParseString').map(({ stmt }) => [printed(stmt), stmt]),
    ...rows<{ s: string }>('TestDeleteSeriesStatement_String').map(({ s }) => [printed(s), s]),
    ...rows<{ s: string }>('TestDropSeriesStatement_String').map(({ s }) => [printed(s), s]),
    ...rows<{ s?: string; d?: number; err?: string }>('TestParseDuration').map(({ s = '', d, err }) => [durationOf(s), err ?? `${d}`]),
    ...rows<{ d: number; s: string }>('TestFormatDuration').map(({ d, s }) => [formatDuration(BigInt(d)), s]),
    ...rows<{ in?: string; out: string }>('TestQuote').map(({ in: text = '', out }) => [quoteString(text), out]),
    ...rows<{ ident: string[]; s: string }>('TestQuoteIdent').map(({ ident, s }) => [ident.length === 1 ? quoteIdentifier(ident[0]!) : quoteSegments(ident), s]),
  ];
  runCases('printed', cases, ([ours, theirs]) => (ours === theirs ? undefined : `${ours} instead of ${theirs}`));
});

interface SelectCorpus {
  readonly compile: { readonly success: readonly string[]; readonly failures: readonly { readonly s: string; readonly err: string }[] };
}

test.skipIf(isAbsent)('queries are compiled or refused as InfluxDB does', () => {
  const { compile } = readCorpus<SelectCorpus>('select.json');
  const cases = [...compile.success.map((s) => ({ s, err: undefined })), ...compile.failures];
  runCases('compiled queries', cases, ({ s, err }) => (selectProblem(s) === err ? undefined : `${s}: ${selectProblem(s)} instead of ${err}`));
});

/** The corpus says how Go makes some numbers. */
function withPlainNumbers(params: Record<string, unknown> = {}): Record<string, unknown> {
  return JSON.parse(JSON.stringify(params).replaceAll(/\{"\$call":"json\.Number","args":\["(\d+)"\]\}/g, '$1')) as Record<string, unknown>;
}

/** `$sym` stands for a value that the corpus does not say. */
function sameTree(ours: RecordedNode, theirs: unknown): boolean {
  return JSON.stringify(theirs).includes('"$sym"') || isDeepStrictEqual(ours, normalized(theirs));
}

function parseAlone(text: string): { readonly expression: Expr; readonly error: string | undefined } {
  const stream = new TokenStream(text, {});
  const expression = parseExpression(stream);
  return { expression, error: stream.error };
}

function printed(text: string): string {
  const parsed = parseQuery(text);
  return parsed.kind === 'error' ? parsed.message : parsed.statements.map(formatStatement).join('; ');
}

function durationOf(text: string): string {
  const parsed = parseDuration(text);
  return parsed.kind === 'error' ? parsed.message : `${parsed.ns}`;
}

function selectProblem(text: string): string | undefined {
  const parsed = parseQuery(text);
  if (parsed.kind === 'error') return parsed.message;
  const [statement] = parsed.statements;
  return statement?.kind === 'select' ? validateSelect(statement) : 'no SELECT';
}
