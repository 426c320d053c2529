import { expect, test } from 'vitest';
import { checkAgainstModel } from './testing/model/check-against-model.ts';
import { STATEMENT_FAMILIES } from './testing/model/random-statement.ts';

// Methodology: as in against-model-*.test.ts, with other seeds and more of them: 100,000 statements.
test.each(STATEMENT_FAMILIES)('QC1, QC10: %s are those of the model, at length', async (family) => {
  for (let seed = 1_000; seed < 1_050; seed += 1) expect((await checkAgainstModel({ seed, family, statementCount: 400 })).difference).toBeUndefined();
});
