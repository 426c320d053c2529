import { Prng } from '@varve/base';
import { applyCatalogCommand } from '@varve/catalog';
import { EMPTY_CATALOG, type Catalog } from '@varve/model';
import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { seenOf } from './catalog-clients.ts';
import { CATALOG_MODEL, withToldVersions, type CatalogAsked, type CatalogInput, type CatalogOperation, type CatalogOutput, type SeenThing } from './catalog-model.ts';
import { checkHistory } from './check-history.ts';
import type { Outcome } from './history.ts';
import { hasOrder } from './testing/brute-force.ts';
import { drawnHistory } from './testing/drawn-history.ts';
import { randomHistory } from './testing/random-history.ts';

/** How operations are written here, and what they say. An unknown one is written with any answer. */
const FORMS: readonly (readonly [RegExp, (words: readonly string[]) => { readonly input: CatalogInput; readonly outcome: Outcome<CatalogOutput> }])[] = [
  [/^create (\w) = (\d+) v(\d+)$/, ([name = '', id, version]) => ({ input: { kind: 'createDatabase', name }, outcome: ok(version, { id: Number(id) }) })],
  [/^drop (\w) v(\d+)$/, ([name = '', version]) => ({ input: { kind: 'dropDatabase', name }, outcome: ok(version, {}) })],
  [
    /^open (\w) (\d+)\+(\d+) = (\d+) from (\d+) to (\d+) v(\d+)$/,
    ([holder = '', nowMs, leaseMs, id, floorMs, ceilingMs, version]) => ({
      input: { kind: 'openIncarnation', holder, nowMs: Number(nowMs), leaseMs: Number(leaseMs) },
      outcome: ok(version, { id: Number(id), floorMs: Number(floorMs), ceilingMs: Number(ceilingMs) }),
    }),
  ],
  [
    /^renew (\d+) (\d+) = (\d+) v(\d+)$/,
    ([incarnation, wantedMs, ceilingMs, version]) => ({
      input: { kind: 'renewIncarnation', incarnation: Number(incarnation), ceilingMs: Number(wantedMs) },
      outcome: ok(version, { ceilingMs: Number(ceilingMs) }),
    }),
  ],
  [
    /^renew (\d+) (\d+) no$/,
    ([incarnation, wantedMs]) => ({
      input: { kind: 'renewIncarnation', incarnation: Number(incarnation), ceilingMs: Number(wantedMs) },
      outcome: { kind: 'rejected', reason: 'incarnationClosed' },
    }),
  ],
  [/^read v(\d+):(.*)$/, ([version, things = '']) => ({ input: { kind: 'read' }, outcome: ok(version, { seen: seenIn(things) }) })],
];

function ok(version: string | undefined, output: Omit<CatalogOutput, 'version'>): Outcome<CatalogOutput> {
  return { kind: 'ok', output: { version: Number(version), ...output } };
}

function readCatalogText(text: string): { readonly input: CatalogInput; readonly outcome: Outcome<CatalogOutput> } {
  for (const [form, read] of FORMS) {
    const match = form.exec(text);
    if (match !== null) return read(match.slice(1));
  }
  throw new Error(`no operation on the catalog: ${text}`);
}

/** `d=1` a database, `h!3` an open incarnation, `h?4` a closed one. */
function seenIn(text: string): readonly SeenThing[] {
  return [...text.matchAll(/(\w+)([=!?])(\d+)/g)].map(([, name = '', sign, id]) => ({
    ...{ kind: sign === '=' ? ('database' as const) : ('incarnation' as const), name, id: Number(id), isOpen: sign !== '?' },
  }));
}

const drawn = (drawing: string): readonly CatalogOperation[] => drawnHistory(drawing, readCatalogText);

const GOOD: Readonly<Record<string, string>> = {
  'one after the other': `
    a |- create d = 1 v5 -|
    a                       |- open h 100+10 = 3 from 0 to 110 v6 -|
    b                                                                |- read v6: d=1 h!3 -|
    b                                                                                       |- drop d v8 -|
    c                                                                                                       |- read v8: h!3 -|`,
  'what is there is created again: the same id, no new version': `
    a |- create d = 1 v5 -|
    b                       |- create d = 1 v5 -|
    b                                             |- read v5: d=1 -|`,
  'dropped and created again: another id': `
    a |- create d = 1 v5 -|
    a                       |- drop d v6 -|
    a                                       |- create d = 3 v7 -|`,
  'a repeated attempt tells a later version than its own': `
    a |---- create d = 1 v9 ----|
    b    |- create e = 3 v9 -|
    b                             |- read v9: d=1 e=3 -|`,
  'nobody was told the id of an unknown creation: a read shows it': `
    a |- create d = 0 v0 ?
    b                       |- create e = 3 v7 -|
    b                                             |- read v7: d=1 e=3 -|`,
  'an unknown drop takes effect long after': `
    a |- create d = 1 v5 -|
    a                       |- drop d v0 ?
    b                                        |- read v5: d=1 -|
    b                                                           |- read v6: -|`,
  'an unknown incarnation has raised the floor': `
    a |- open h 100+10 = 0 from 0 to 0 v0 ?
    b                                         |- open i 50+10 = 2 from 110 to 120 v6 -|`,
  'a renewal is refused when another incarnation of the holder was opened': `
    a |- open h 100+10 = 1 from 0 to 110 v5 -|
    b                                          |- open h 100+10 = 2 from 110 to 120 v6 -|
    a                                          |---- renew 1 200 no ----|`,
  'a renewal raises the next floor, and no version': `
    a |- open h 100+10 = 1 from 0 to 110 v5 -|
    a                                          |- renew 1 200 = 200 v5 -|
    b                                                                     |- open i 100+10 = 2 from 200 to 210 v7 -|`,
};

const BAD: Readonly<Record<string, string>> = {
  'stale read': `
    a |- create d = 1 v5 -|
    b                       |- read v0: -|`,
  'stale read by its version only': `
    a |- create d = 1 v5 -|
    a                       |- drop d v6 -|
    b                                       |- read v5: -|`,
  'lost update: a database that was created is not there': `
    a |- create d = 1 v5 -|
    b                       |- create e = 3 v6 -|
    b                                             |- read v6: e=3 -|`,
  'a database that nobody has created': `
    a |- read v5: d=1 -|`,
  'an effect before its call': `
    a |- read v5: d=1 -|
    b                    |- create d = 1 v5 -|`,
  'an id is given again after the drop': `
    a |- create d = 1 v5 -|
    a                       |- drop d v6 -|
    a                                       |- create d = 1 v7 -|`,
  'two names share an id': `
    a |- create d = 1 v5 -|
    b   |- create e = 1 v6 -|`,
  'an id of an incarnation is given to a database': `
    a |- open h 100+10 = 1 from 0 to 110 v5 -|
    b                                          |- create d = 1 v6 -|`,
  'ids go back': `
    a |- create d = 5 v5 -|
    b                       |- create e = 3 v6 -|`,
  'an id before that of an earlier thing, shown by a read': `
    a |- create d = 4 v5 -|
    a                       |- create e = 0 v0 ?
    b                                            |- read v6: e=3 d=4 -|`,
  'the version goes back': `
    a |- create d = 1 v5 -|
    b                       |- create e = 3 v4 -|`,
  'the version goes back between reads': `
    a |-------------- create d = 1 v5 ----------------|
    b   |- read v5: d=1 -|
    b                      |- read v0: -|`,
  'one version, two contents': `
    a |- create d = 0 v0 ?
    b                       |- read v5: -|
    b                                      |- read v5: d=1 -|`,
  'a change without a new version': `
    a |- create d = 1 v5 -|
    b                       |- drop d v5 -|`,
  'created again, though it is there': `
    a |- create d = 1 v5 -|
    b                       |- create d = 3 v6 -|`,
  'an incarnation was opened twice by one proposal': `
    a |- open h 100+10 = 2 from 110 to 120 v6 -|`,
  'a proposal was applied twice, the first answer heard': `
    a |- open h 100+10 = 1 from 0 to 110 v5 -|
    b                                          |- open i 100+10 = 3 from 120 to 130 v7 -|`,
  'an unknown proposal was used twice': `
    a |- open h 100+10 = 0 from 0 to 0 v0 ?
    b                                         |- read v5: h!1 -|
    b                                                            |- read v6: h?1 h!2 -|`,
  'two incarnations with one floor': `
    a |- open h 100+10 = 1 from 0 to 110 v5 -|
    b                                          |- open i 100+10 = 2 from 0 to 110 v6 -|`,
  'a floor below a renewed ceiling': `
    a |- open h 100+10 = 1 from 0 to 110 v5 -|
    a                                          |- renew 1 200 = 200 v5 -|
    b                                                                     |- open i 100+10 = 2 from 110 to 120 v7 -|`,
  'a closed incarnation is renewed': `
    a |- open h 100+10 = 1 from 0 to 110 v5 -|
    b                                          |- open h 100+10 = 2 from 110 to 120 v6 -|
    a                                                                                     |- renew 1 200 = 200 v6 -|`,
  'an open incarnation is refused': `
    a |- open h 100+10 = 1 from 0 to 110 v5 -|
    a                                          |- renew 1 200 no -|`,
  'two readers see two changes in different orders': `
    a |-------------------------- create d = 1 v5 ----------------------|
    b |-------------------------- create e = 3 v6 ----------------------|
    c   |- read v5: d=1 -|
    d                      |- read v6: e=3 -|`,
};

test.each(Object.entries(GOOD))('D04: accepted: %s', (_, drawing) => {
  const verdict = checkHistory(CATALOG_MODEL, withToldVersions(drawn(drawing)));
  expect(verdict.kind === 'notLinearizable' ? verdict.text : verdict.kind).toBe('linearizable');
});

test.each(Object.entries(BAD))('D04: rejected: %s', (_, drawing) => {
  expect(checkHistory(CATALOG_MODEL, withToldVersions(drawn(drawing))).kind).toBe('notLinearizable');
});

/** A catalog and how much was put into its log; some entries change nothing, as the first one of a term. */
interface Log {
  readonly catalog: Catalog;
  readonly index: number;
}

const NOTHING: Log = { catalog: applyCatalogCommand(EMPTY_CATALOG, { kind: 'openSession', proposer: 'test' }, contextAt(1)).catalog, index: 1 };

function contextAt(index: number): Parameters<typeof applyCatalogCommand>[2] {
  return { index, atMs: 1_000, origin: { session: 1, seq: index, ackedSeq: index - 1 } };
}

/** As the real catalog does it. */
function runOnCatalog({ catalog, index }: Log, input: CatalogAsked): { readonly state: Log; readonly outcome: Outcome<CatalogOutput> } {
  if (input.kind === 'read') return { state: { catalog, index }, outcome: { kind: 'ok', output: { version: catalog.version, seen: seenOf(catalog) } } };
  const at = index + (index % 3) + 1;
  const applied = applyCatalogCommand(catalog, input, contextAt(at));
  const { result } = applied;
  const state = { catalog: applied.catalog, index: at };
  if (result.kind === 'rejected') return { state, outcome: { kind: 'rejected', reason: result.reason } };
  const { id, floorMs, ceilingMs } = result;
  return { state, outcome: { kind: 'ok', output: { version: state.catalog.version, id, floorMs, ceilingMs } } };
}

const KINDS = ['createDatabase', 'createDatabase', 'dropDatabase', 'openIncarnation', 'read', 'read'] as const;

function drawFrom(kinds: readonly CatalogAsked['kind'][]): (prng: Prng) => CatalogAsked {
  return (prng) => {
    const kind = prng.pick(kinds);
    if (kind === 'read') return { kind };
    if (kind === 'openIncarnation') return { kind, holder: prng.pick(['h', 'i']), nowMs: prng.between(0, 100), leaseMs: 10 };
    if (kind === 'renewIncarnation') return { kind, incarnation: prng.between(1, 9), ceilingMs: prng.between(0, 200) };
    return { kind, name: prng.pick(['d', 'e']) };
  };
}

interface Sizes {
  readonly operationCount: number;
  readonly processCount: number;
  readonly unknownProbability: number;
}

function randomCatalogHistory(prng: Prng, sizes: Sizes, kinds: readonly CatalogAsked['kind'][] = KINDS): readonly CatalogOperation[] {
  return randomHistory({ prng, ...sizes, initial: NOTHING, drawInput: drawFrom(kinds), run: runOnCatalog });
}

test('Z1: what the real catalog has done one by one is accepted', () => {
  for (const seed of seeds(200)) {
    const prng = new Prng(seed);
    const sizes = { operationCount: 50, processCount: 5, unknownProbability: 0 };
    const history = randomCatalogHistory(prng, sizes, [...KINDS, 'renewIncarnation']);
    const verdict = checkHistory(CATALOG_MODEL, withToldVersions(history));
    expect(verdict.kind === 'notLinearizable' ? verdict.text : verdict.kind, `seed ${seed}`).toBe('linearizable');
  }
});

// Without renewals: who renews an incarnation was told its id.
test('Z4: also when many answers were not heard', () => {
  for (const seed of seeds(200)) {
    const history = randomCatalogHistory(new Prng(seed), { operationCount: 40, processCount: 5, unknownProbability: 0.2 });
    const verdict = checkHistory(CATALOG_MODEL, withToldVersions(history));
    expect(verdict.kind === 'notLinearizable' ? verdict.text : verdict.kind, `seed ${seed}`).toBe('linearizable');
  }
});

/** One number of one answer is another one, or it was heard at another time. */
function mutated(prng: Prng, history: readonly CatalogOperation[]): readonly CatalogOperation[] {
  const at = prng.between(0, history.length - 1);
  const operation = history[at]!;
  const { outcome, called, returned } = operation;
  const by = prng.between(-2, 2) + 0.01;
  const shifted = { ...operation, called: { order: called.order + by, atMs: 0 }, returned: returned && { order: returned.order + by, atMs: 0 } };
  const isChanged = outcome.kind === 'ok' && prng.chance(0.6);
  const changed = isChanged ? { ...operation, outcome: { kind: 'ok' as const, output: withOtherNumber(prng, outcome.output) } } : shifted;
  return history.with(at, changed).toSorted((left, right) => left.called.order - right.called.order);
}

function withOtherNumber(prng: Prng, output: CatalogOutput): CatalogOutput {
  const by = prng.pick([-1, 1]);
  if (prng.chance(0.3)) return { ...output, version: Math.max(0, output.version + by) };
  if (output.id !== undefined && prng.chance(0.5)) return { ...output, id: output.id + by };
  if (output.floorMs !== undefined) return { ...output, floorMs: output.floorMs + by };
  const { seen = [] } = output;
  return seen.length > 0 ? { ...output, seen: seen.toSpliced(prng.between(0, seen.length - 1), 1) } : output;
}

test('Z2: on short histories the answers are those of brute force', () => {
  const counts = { linearizable: 0, notLinearizable: 0, gaveUp: 0 };
  for (const seed of seeds(1_500)) {
    const prng = new Prng(seed);
    const drawnOnes = randomCatalogHistory(prng, { operationCount: 6, processCount: 4, unknownProbability: 0.2 });
    const history = prng.chance(0.7) ? mutated(prng, drawnOnes) : drawnOnes;
    const { kind } = checkHistory(CATALOG_MODEL, history);
    expect(kind === 'linearizable', `seed ${seed}`).toBe(hasOrder(CATALOG_MODEL, history));
    counts[kind] += 1;
  }
  expect(counts.gaveUp).toBe(0);
  expect(Math.min(counts.linearizable, counts.notLinearizable), JSON.stringify(counts)).toBeGreaterThan(200);
});
