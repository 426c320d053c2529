import { expect, test } from 'vitest';
import { parseOne } from './testing/memory-engine.ts';
import { shownAnswer } from './testing/memory-show.ts';
import { readRecorded } from './testing/recorded-answers.ts';
import { parseTestLines } from './testing/test-lines.ts';
import type { ShowStatement } from './influxql/ast.ts';

test.each(readRecorded('show-answers.json'))('SHOW answers as InfluxDB 1.6.7 does', ({ lines, cases }) => {
  const points = parseTestLines(lines.join('\n'));
  for (const { query, answer } of cases) {
    const statement = parseOne(query);
    const shown = typeof statement === 'string' ? { error: statement } : shownAnswer(statement as ShowStatement, points);
    expect(shown, query).toEqual(answer);
  }
});

test('SHOW SERVERS is read whatever its case, and is no keyword elsewhere', () => {
  expect(parseOne('show Servers')).toEqual({ kind: 'showServers' });
  expect(parseOne('SELECT servers FROM servers')).toMatchObject({ kind: 'select' });
  expect(parseOne('SHOW SERVER')).toMatch(/^error parsing query: found SERVER, expected CONTINUOUS, DATABASES, DIAGNOSTICS, FIELD, .* at line 1, char 6$/);
});

test('a SHOW that is not answered here says so', () => {
  expect(shownAnswer({ kind: 'showServerStats' as never }, [])).toEqual({ error: 'SHOW SERVER STATS is not supported' });
});
