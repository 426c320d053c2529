import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { startServer } from './testing/server.ts';

// Methodology: the README's own lines, as they stand but for the port, in a real shell with the real curl.
const README = readFileSync(resolve(import.meta.dirname, '../../../README.md'), 'utf8');

/** The first fenced block of a language after a heading. */
function blockAfter(heading: string, language: string): string {
  const block = new RegExp(`^## ${heading}$[\\s\\S]*?^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(README)?.[1];
  if (block === undefined) throw new Error(`README.md has no ${language} block after "## ${heading}"`);
  return block;
}

test('the tour of the README answers what it says', async () => {
  const server = await startServer();
  const lines = blockAfter('A tour', 'sh').trim().split('\n');
  const outputs = lines.map((line) => execFileSync('sh', ['-c', `${line.replaceAll('http://127.0.0.1:8086', server.url)} -s`], { encoding: 'utf8' }));

  expect(outputs[0]).toBe('{"results":[{"statement_id":0}]}\n');
  expect(outputs.slice(1, 4)).toEqual(['', '', '']);
  expect(JSON.parse(outputs[4]!)).toMatchObject({
    results: [{ series: [{ name: 'air', columns: ['time', 'city', 'humidity', 'temperature'], values: [['2026-01-01T00:00:00Z', 'oslo', 81, 3.5], {}, {}] }] }],
  });
  expect(JSON.parse(outputs[5]!)).toMatchObject({ results: [{ series: [{ tags: { city: 'bergen' } }, { tags: { city: 'oslo' } }] }] });
  expect(outputs[6]!.trim()).toBe(blockAfter('A tour', 'csv').trim());
});
