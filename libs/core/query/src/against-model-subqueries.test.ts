import { expect, test } from 'vitest';
import { checkAgainstModel } from './testing/model/check-against-model.ts';

// Methodology: see testing/model/README.md. 4,200 statements: statements about the rows of others.
test.each(Array.from({ length: 12 }, (_, seed) => seed))('QC1, QC10: subqueries are those of the model (seed %i)', async (seed) => {
  const { difference, answeredCount } = await checkAgainstModel({ seed, family: 'subqueries', statementCount: 350 });
  expect(difference).toBeUndefined();
  expect(answeredCount).toBeGreaterThan(110);
});
