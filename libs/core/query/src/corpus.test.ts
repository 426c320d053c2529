import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import ratchet from './testdata/corpus-ratchet.json' with { type: 'json' };
import { answerOf, type Answer } from './testing/memory-engine.ts';
import { parseTestLines } from './testing/test-lines.ts';

// SELECTs with data and rows, and statements that a server takes or refuses with a text. Counts of passing cases may only
// rise; raise them in testdata/corpus-ratchet.json. The corpus stays outside of the repository.
const CORPUS = join(import.meta.dirname, '../../../../../shared/compat/select.json');

type Row = readonly [time: number, name: string, tags: Readonly<Record<string, string>>, cells: readonly unknown[]];

interface Corpus {
  readonly select: readonly { readonly q: string; readonly lines: readonly string[]; readonly rows?: readonly Row[]; readonly err?: string }[];
  readonly compile: { readonly success: readonly string[]; readonly failures: readonly { readonly s: string; readonly err: string }[] };
}

test.skipIf(!existsSync(CORPUS))('SELECTs of the corpus answer as recorded (skipped where ../shared/compat is absent)', async () => {
  const corpus = readCorpus();
  const failures: string[] = [];
  for (const { q, lines, rows, err } of corpus.select) {
    const answer = await answerOf(q, parseTestLines(lines.join('\n')));
    const isEqual = err === undefined ? answer.error === undefined && JSON.stringify(rowsOf(answer)) === JSON.stringify(rows) : answer.error === err;
    if (!isEqual) failures.push(q);
  }
  const passCount = corpus.select.length - failures.length;
  console.log(`select.json: ${passCount} of ${corpus.select.length} SELECTs`);
  expect(passCount, failures.join('\n')).toBeGreaterThanOrEqual(ratchet.select);
});

test.skipIf(!existsSync(CORPUS))('statements of the corpus are taken or refused as recorded (skipped where ../shared/compat is absent)', async () => {
  const { success, failures } = readCorpus().compile;
  const points = parseTestLines('cpu,host=A value=1,value1=1,value2=2,foo=1,bar=1 0');
  const expected = [...success.map((q) => ({ q, err: undefined })), ...failures.map(({ s, err }) => ({ q: s, err }))];
  const failed: string[] = [];
  for (const { q, err } of expected) {
    const { error } = await answerOf(q, points);
    if (error !== err && error !== `error parsing query: ${err}`) failed.push(`${q}: ${error}`);
  }
  const passCount = expected.length - failed.length;
  console.log(`select.json: ${passCount} of ${expected.length} statements taken or refused`);
  expect(passCount, failed.join('\n')).toBeGreaterThanOrEqual(ratchet.compile);
});

function readCorpus(): Corpus {
  return JSON.parse(readFileSync(CORPUS, 'utf8')) as Corpus;
}

/** As the corpus has rows; a tag without a value counts as absent. */
function rowsOf(answer: Answer): Row[] {
  return (answer.series ?? []).flatMap(({ name = '', tags = {}, values }) => {
    const present = Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ''));
    return values.map(([time, ...cells]): Row => [Number(time), name, present, cells]);
  });
}
