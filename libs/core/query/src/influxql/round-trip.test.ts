import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Statement } from './ast.ts';
import { parseQuery } from './parse.ts';
import { formatStatement } from './print-statement.ts';
import { anyStatement } from './testing/statement-arbitrary.ts';

// Methodology: statements are made as trees, not as texts, so that everything the types allow is printed.
test('QC9: a printed statement parses to the statement it was', () => {
  fc.assert(
    fc.property(anyStatement(), (statement) => {
      const text = formatStatement(statement);
      expect(parseQuery(text), text).toEqual({ kind: 'statements', statements: [statement] });
    }),
    { numRuns: 5000 },
  );
});

test('QC9: a password is not printed', () => {
  const check = (statement: Statement, text: string): void => expect(formatStatement(statement)).toBe(text);

  check({ kind: 'createUser', name: 'a b', password: 'secret', isAdmin: true }, 'CREATE USER "a b" WITH PASSWORD [REDACTED] WITH ALL PRIVILEGES');
  check({ kind: 'setPassword', name: 'a', password: 'secret' }, 'SET PASSWORD FOR a = [REDACTED]');
});
