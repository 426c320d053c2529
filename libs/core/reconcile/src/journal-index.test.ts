import { EMPTY_VECTOR, hasMutation, withMutation, type MutationVector } from '@varve/model';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JournalIndex } from './journal-index.ts';

interface Row {
  readonly incarnation: number;
  readonly number: number;
}

const rows = fc.array(fc.record({ incarnation: fc.constantFrom(1, 2), number: fc.integer({ min: 1, max: 12 }) }), { maxLength: 40 });
const vectorOf = (mutations: readonly Row[]): MutationVector =>
  mutations.reduce((vector, { incarnation, number }) => withMutation(vector, incarnation, number), EMPTY_VECTOR);

// Methodology: the dumb twin keeps the rows in a list with their sequence numbers.
test('X6: it says how far a journal may be trimmed and where wanted mutations are, also after trims', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), rows, rows, fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 4 }), (firstSeq, all, others, trims) => {
      const index = new JournalIndex(firstSeq);
      all.forEach((row, at) => index.add(firstSeq + at, row));
      let left = all.map((row, at) => ({ ...row, seq: firstSeq + at }));
      for (const through of [0, ...trims]) {
        index.dropThrough(through);
        left = left.filter(({ seq }) => seq > through);
        const common = vectorOf(others);
        expect(index.rowCount).toBe(left.length);
        expect(index.nextSeq).toBe(firstSeq + all.length);

        const wanted = left.filter(({ incarnation, number }) => hasMutation(common, incarnation, number));
        const first = wanted.filter((row, at) => wanted.findIndex((each) => each.incarnation === row.incarnation && each.number === row.number) === at);
        expect(index.seqsOf(common)).toEqual(first.map(({ seq }) => seq));

        const flushedSeq = firstSeq + 10;
        const kept = left.find((row) => row.seq > flushedSeq || !hasMutation(common, row.incarnation, row.number));
        const end = kept?.seq ?? firstSeq + all.length;
        if (left.length > 0) expect(index.trimmableThrough(flushedSeq, common)).toBe(end - 1);
      }
    }),
    PROPERTY_DEFAULTS,
  );
});

test('rows have to come in order, without a hole', () => {
  const index = new JournalIndex(5);
  expect(() => index.add(6, { incarnation: 1, number: 1 })).toThrow('journal row 6 where 5 was expected');
  index.add(5, { incarnation: 1, number: 1 });
  expect(() => index.add(5, { incarnation: 1, number: 2 })).toThrow('journal row 5 where 6 was expected');
});

test('many rows are let go without losing the place of the others', () => {
  const index = new JournalIndex(1);
  for (let seq = 1; seq <= 5_000; seq += 1) index.add(seq, { incarnation: 1, number: seq });
  for (let seq = 0; seq <= 4_990; seq += 7) index.dropThrough(seq);
  index.dropThrough(4_990);
  expect(index.rowCount).toBe(10);
  expect(index.seqsOf(new Map([[1, [[4_989, 4_993]]]]))).toEqual([4_991, 4_992]);
});

test('Y11: a damaged row is handed to nobody and holds up no trim', () => {
  const index = new JournalIndex(1);
  index.add(1, { incarnation: 1, number: 1 });
  index.addDamaged(2);
  index.add(3, { incarnation: 1, number: 3 });
  const common = vectorOf([{ incarnation: 1, number: 1 }]);
  expect(index.trimmableThrough(3, common)).toBe(2);
  expect(index.trimmableThrough(1, common)).toBe(1);
  expect(index.seqsOf(vectorOf([1, 2, 3].map((number) => ({ incarnation: 1, number }))))).toEqual([1, 3]);
  expect(index.rowCount).toBe(3);
});
