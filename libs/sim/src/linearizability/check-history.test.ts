import { Prng } from '@varve/base';
import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { checkHistory } from './check-history.ts';
import type { Operation, Outcome } from './history.ts';
import { explains, hasOrder, isInTime } from './testing/brute-force.ts';
import { drawnHistory } from './testing/drawn-history.ts';
import { randomHistory } from './testing/random-history.ts';
import { REGISTER_MODEL, runOnRegisters, type RegisterInput } from './testing/register-model.ts';

type RegisterOperation = Operation<RegisterInput, number>;

/** `write x 1`, `read x = 1`, `cas x 1 2`, `cas x 1 2 no`, `add x 1 = 1`. */
function readRegisterText(text: string): { readonly input: RegisterInput; readonly outcome: Outcome<number> } {
  const [asked = '', answered] = text.split(' = ');
  const [kind, key = '', ...words] = asked.split(' ');
  const [first = NaN, second = NaN] = words.map(Number);
  const ok = (output: number): Outcome<number> => ({ kind: 'ok', output });
  if (kind === 'write') return { input: { kind, key, value: first }, outcome: ok(first) };
  if (kind === 'read') return { input: { kind, key }, outcome: ok(Number(answered)) };
  if (kind === 'add') return { input: { kind, key, value: first }, outcome: ok(Number(answered)) };
  if (kind !== 'cas') throw new Error(`no operation on registers: ${text}`);
  return { input: { kind, key, from: first, to: second }, outcome: words[2] === 'no' ? { kind: 'rejected', reason: 'another value' } : ok(second) };
}

const drawn = (drawing: string): readonly RegisterOperation[] => drawnHistory(drawing, readRegisterText);

const GOOD: Readonly<Record<string, string>> = {
  'nothing happened': '',
  'one after the other': `
    a |- write x 1 -|
    a                 |- read x = 1 -|
    b                                  |- write x 2 -|
    b                                                  |- read x = 2 -|`,
  'a read during a write sees the value before': `
    a |------- write x 1 -------|
    b    |- read x = 0 -|`,
  'a read during a write sees the value after': `
    a |------- write x 1 -------|
    b    |- read x = 1 -|`,
  'reads during a write: first before it, then after it': `
    a |------------------ write x 1 ------------------|
    b    |- read x = 0 -|
    c                     |- read x = 1 -|`,
  'concurrent writes are ordered by a read of a third': `
    a |- write x 1 -----------|
    b |----- write x 2 -------|
    c                           |- read x = 1 -|`,
  'of two concurrent compare-and-sets one wins': `
    a |--- cas x 0 1 ---|
    b  |- cas x 0 2 no -|
    c                     |- read x = 1 -|`,
  'compare-and-sets in a chain, called in the other order': `
    a   |------------- cas x 1 2 ------------|
    b      |----- cas x 0 1 -----|
    c                                          |- read x = 2 -|`,
  'a call in the moment of a return is concurrent with it': `
    a |- write x 1 -|
    b               |- read x = 0 -|`,
  'an unknown write is never seen': `
    a |- write x 1 ?
    b                 |- read x = 0 -|
    b                                  |- read x = 0 -|`,
  'an unknown write is seen at once': `
    a |- write x 1 ?
    b                 |- read x = 1 -|`,
  'an unknown write is seen much later': `
    a |- write x 1 ?
    b                 |- read x = 0 -|
    b                                  |- write x 2 -|
    b                                                  |- read x = 2 -|
    c                                                                   |- read x = 1 -|`,
  'an unknown compare-and-set is what made another one possible': `
    a |- cas x 0 1 ?
    b                 |- cas x 1 2 -|
    c                                 |- read x = 2 -|`,
  'two unknown writes in the order that nobody called them in': `
    a |- write x 1 ?
    b |- write x 2 ?
    c                 |- read x = 2 -|
    c                                  |- read x = 1 -|`,
  'an unknown increment happened once': `
    a |- add x 1 ?
    b               |- add x 1 = 2 -|`,
  'an unknown increment did not happen': `
    a |- add x 1 ?
    b               |- add x 1 = 1 -|`,
  'registers have nothing to do with each other': `
    a |- write x 1 -|
    b                 |- read y = 0 -|
    b                                  |- read x = 1 -|`,
};

const BAD: Readonly<Record<string, string>> = {
  'stale read': `
    a |- write x 1 -|
    b                 |- read x = 0 -|`,
  'lost update': `
    a |- add x 1 = 1 ---------|
    b |----- add x 1 = 1 -----|`,
  'read of a value that nobody has written': `
    a |- write x 1 -|
    b   |- read x = 7 -|`,
  'two compare-and-sets from one value both succeed': `
    a |--- cas x 0 1 ---|
    b  |--- cas x 0 2 ---|`,
  'time travel: a later read sees an earlier value': `
    a |------------------ write x 1 ------------------|
    b    |- read x = 1 -|
    c                     |- read x = 0 -|`,
  'time travel: two readers see two writes in different orders': `
    a |-------------------------------- write x 1 --------------------------------|
    b |-------------------------------- write x 2 --------------------------------|
    c    |- read x = 1 -|
    d                     |- read x = 2 -|
    c                                      |- read x = 1 -|`,
  'an effect before its call': `
    a |- read x = 1 -|
    b                  |- write x 1 -|`,
  'an effect before the call of an unknown one': `
    a |- read x = 1 -|
    b                  |- write x 1 ?`,
  'an effect after its return': `
    a |- write x 1 -|
    b                 |- write x 2 -|
    c                                 |- read x = 1 -|`,
  'an increment was applied twice': `
    a |- add x 1 = 1 -|
    b                   |- read x = 2 -|`,
  'an increment was applied and then answered when it was applied again': `
    a |- add x 1 = 2 -|`,
  'an unknown increment was used twice': `
    a |- add x 1 ?
    b               |- read x = 1 -|
    b                                |- read x = 2 -|`,
  'an unknown write was used twice': `
    a |- write x 1 ?
    b                 |- read x = 1 -|
    b                                  |- write x 2 -|
    b                                                  |- read x = 1 -|`,
  'a compare-and-set was refused though nothing else can have been there': `
    a |- write x 1 -|
    b                 |- cas x 1 2 no -|`,
  'a compare-and-set that was refused has changed something': `
    a |- cas x 1 2 no -|
    b                    |- read x = 2 -|`,
  'a write was lost behind an unknown one that had its turn': `
    a |- write x 1 ?
    b                 |- read x = 1 -|
    b                                  |- write x 2 -|
    c                                                  |- read x = 0 -|`,
  'one of many registers': `
    a |- write y 1 -|
    b |- write z 1 -|
    c                 |- read y = 1 -|
    c                                  |- read z = 0 -|`,
};

test.each(Object.entries(GOOD))('D04: accepted: %s', (_, drawing) => {
  expect(checkHistory(REGISTER_MODEL, drawn(drawing)).kind).toBe('linearizable');
});

test.each(Object.entries(BAD))('D04: rejected: %s', (_, drawing) => {
  expect(checkHistory(REGISTER_MODEL, drawn(drawing)).kind).toBe('notLinearizable');
});

test('the tables are as brute force says', () => {
  const wrong = (table: typeof GOOD, isGood: boolean): string[] =>
    Object.keys(table).filter((name) => hasOrder(REGISTER_MODEL, drawn(table[name]!)) !== isGood);
  expect([...wrong(GOOD, true), ...wrong(BAD, false)]).toEqual([]);
});

test('Z7: a text for people shows the smallest prefix that has no order', () => {
  const verdict = checkHistory(
    REGISTER_MODEL,
    drawn(`
      a |- write x 1 -|
      b |- write x 2 ?
      c                 |- read x = 0 -|
      a                        |- write x 3 -|
      d                                        |- read x = 3 -|`),
  );
  expect(verdict.kind === 'notLinearizable' && verdict.text).toBe(
    `not linearizable: no order explains the first 4 of 5 operations, up to the return of #3
operations, by their calls:
  #1 a 8.0–22.0: write x 1 = 1
  #2 b 8.0–: write x 2 unknown
  #3 c 24.0–39.0: read x = 0
  #4 a 31.0–45.0: write x 3 = 3
the longest order that explains what had returned before #3: #1 #4 #2
state after it: x=2
next could be:
  #3 c 24.0–39.0: read x = 0: cannot come next`,
  );
});

const drawInput = (keys: readonly string[]) => (prng: Prng): RegisterInput => {
  const key = prng.pick(keys);
  const value = prng.between(0, 2);
  const kind = prng.pick(['read', 'read', 'write', 'cas', 'add'] as const);
  if (kind === 'read') return { kind, key };
  return kind === 'cas' ? { kind, key, from: value, to: prng.between(0, 2) } : { kind, key, value };
};

function randomRegisters(prng: Prng, { operationCount, processCount, keys = ['x'] }: { readonly operationCount: number; readonly processCount: number; readonly keys?: readonly string[] }): readonly RegisterOperation[] {
  return randomHistory<ReadonlyMap<string, number>, RegisterInput, number>({
    ...{ prng, operationCount, processCount, initial: new Map(), drawInput: drawInput(keys), unknownProbability: 0.15 },
    run: (before, input) => {
      const { registers: state, answer } = runOnRegisters(before, input);
      return { state, outcome: answer === 'rejected' ? { kind: 'rejected', reason: 'another value' } : { kind: 'ok', output: answer } };
    },
  });
}

test('Z1, Z3, Z4: what an object has done one by one is accepted, with an order that shows it', () => {
  for (const seed of seeds(300)) {
    const prng = new Prng(seed);
    const history = randomRegisters(prng, { operationCount: prng.between(1, 60), processCount: prng.between(1, 5), keys: ['x', 'y', 'z'] });
    const verdict = checkHistory(REGISTER_MODEL, history);
    if (verdict.kind !== 'linearizable') return expect.unreachable(`seed ${seed}: ${verdict.kind}`);
    for (const order of verdict.orders) expect(isInTime(order) && explains(REGISTER_MODEL, order), `seed ${seed}`).toBe(true);
    const ordered = verdict.orders.flat();
    expect(new Set(ordered).size, `seed ${seed}: once`).toBe(ordered.length);
    expect(history.filter((each) => each.returned !== undefined && !ordered.includes(each)), `seed ${seed}`).toEqual([]);
  }
});

/** One thing about one operation is different. */
function mutated(prng: Prng, history: readonly RegisterOperation[]): readonly RegisterOperation[] {
  const at = prng.between(0, history.length - 1);
  const operation = history[at]!;
  const { called, returned } = operation;
  const shiftedBy = prng.between(-3, 3) + 0.01;
  const shifted = { called: { order: called.order + shiftedBy, atMs: 0 }, returned: returned && { order: returned.order + shiftedBy, atMs: 0 } };
  const changes: readonly Partial<RegisterOperation>[] = [
    { outcome: operation.outcome.kind === 'ok' ? { kind: 'ok', output: prng.between(0, 3) } : operation.outcome },
    { outcome: { kind: 'unknown' }, returned: undefined },
    operation.outcome.kind === 'rejected' && operation.input.kind === 'cas' ? { outcome: { kind: 'ok', output: operation.input.to } } : shifted,
    shifted,
  ];
  return history.with(at, { ...operation, ...prng.pick(changes) }).toSorted((left, right) => left.called.order - right.called.order);
}

test('Z2: on short histories the answers are those of brute force, whatever was changed in them', () => {
  const counts = { linearizable: 0, notLinearizable: 0, gaveUp: 0 };
  for (const seed of seeds(3_000)) {
    const prng = new Prng(seed);
    let history = randomRegisters(prng, { operationCount: prng.between(2, 6), processCount: prng.between(1, 4), keys: prng.pick([['x'], ['x', 'y']]) });
    for (let change = prng.between(0, 2); change > 0; change -= 1) history = mutated(prng, history);
    const { kind } = checkHistory(REGISTER_MODEL, history);
    expect(kind === 'linearizable', `seed ${seed}`).toBe(hasOrder(REGISTER_MODEL, history));
    counts[kind] += 1;
  }
  expect(counts.gaveUp).toBe(0);
  expect(Math.min(counts.linearizable, counts.notLinearizable), JSON.stringify(counts)).toBeGreaterThan(500);
});

test('Z7: without its last return the prefix that is shown has an order', () => {
  let shownCount = 0;
  for (const seed of seeds(1_000)) {
    const prng = new Prng(seed);
    const history = mutated(prng, randomRegisters(prng, { operationCount: 6, processCount: 3 }));
    const verdict = checkHistory(REGISTER_MODEL, history);
    if (verdict.kind !== 'notLinearizable') continue;
    const last = history[Number(/return of #(\d+)/.exec(verdict.text)![1]) - 1]!;
    const before = (order: number): boolean => order < last.returned!.order;
    const prefix = history.filter(({ called }) => before(called.order));
    // What had not returned yet may be left out; when it is in the order, it answered what it did later.
    const known = prefix.filter(({ returned }) => returned !== undefined && before(returned.order));
    const seenFrom = (heard: readonly RegisterOperation[]): readonly RegisterOperation[] =>
      prefix.map((each) => (heard.includes(each) ? each : { ...each, returned: undefined }));
    expect(hasOrder(REGISTER_MODEL, seenFrom(known)), `seed ${seed}`).toBe(true);
    expect(hasOrder(REGISTER_MODEL, seenFrom([...known, last])), `seed ${seed}`).toBe(false);
    shownCount += 1;
  }
  expect(shownCount).toBeGreaterThan(100);
});

test('Z6: parts make the search short, and a history is as good as its worst part', () => {
  const prng = new Prng(1);
  const keys = Array.from({ length: 20 }, (_, number) => `k${number}`);
  const history = randomRegisters(prng, { operationCount: 2_000, processCount: 8, keys });
  const { kind, stepCount } = checkHistory(REGISTER_MODEL, history);
  expect(kind).toBe('linearizable');
  const { partOf: _, ...undivided } = REGISTER_MODEL;
  expect(checkHistory(undivided, history, { stepCountMax: stepCount })).toMatchObject({ kind: 'gaveUp' });
});

test('Z5: a search that finds nothing within its bound gives up, and does not say yes', () => {
  const lines = Array.from({ length: 11 }, (_, number) => `a${number} |- add x ${2 ** number} ?`);
  const history = drawn([...lines, `b ${' '.repeat(40)}|- read x = ${2 ** 11} -|`].join('\n'));
  expect(checkHistory(REGISTER_MODEL, history, { stepCountMax: 1_000 })).toEqual({ kind: 'gaveUp', stepCount: 1_000 });
  expect(checkHistory(REGISTER_MODEL, history).kind).toBe('notLinearizable');
});

test('the memory of what was looked at keeps equal states from being looked at again', () => {
  const lines = Array.from({ length: 10 }, (_, number) => `a${number} |- add x 1 ?`);
  const { kind, stepCount } = checkHistory(REGISTER_MODEL, drawn([...lines, `b ${' '.repeat(40)}|- read x = 11 -|`].join('\n')));
  expect(kind).toBe('notLinearizable');
  expect(stepCount).toBeLessThanOrEqual(2 ** 10 * 11); // ten operations have millions of orders
});
