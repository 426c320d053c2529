import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const repository = resolve(import.meta.dirname, '../../..');
const binary = (name: string): string => join(repository, 'node_modules', '.bin', name);
/** The fixture lies here only while this test runs: the rules go by the room a file is in. */
const planted = join(repository, 'libs/core/raft/src/wrong-core.ts');

beforeAll(() => {
  // Without the project graph the boundary rule says nothing at all.
  if (!existsSync(join(repository, '.nx/graph.json'))) execFileSync(binary('nx'), ['graph', '--file=.nx/graph.json'], { cwd: repository });
  copyFileSync(join(repository, 'tools/tidy/fixtures/wrong-core.ts'), planted);
});
afterAll(() => rmSync(planted));

test('a pure core that does I/O, imports a sibling, an adapter or a package is refused for each of them', () => {
  const { stdout, status } = spawnSync(binary('eslint'), ['--format=json', planted], { cwd: repository, encoding: 'utf8' });
  const [report] = JSON.parse(stdout) as { messages: { line: number; ruleId: string; message: string }[] }[];
  const refusals = report!.messages.map(({ line, ruleId }) => `${line} ${ruleId}`);

  expect(status).toBe(1);
  expect(refusals).toEqual(
    expect.arrayContaining([
      '1 @typescript-eslint/no-restricted-imports',
      '2 @nx/enforce-module-boundaries',
      '3 @nx/enforce-module-boundaries',
      '4 @nx/enforce-module-boundaries',
      '6 no-restricted-properties',
      '6 no-restricted-syntax',
      '6 no-restricted-globals',
    ]),
  );
  expect(report!.messages.filter(({ ruleId }) => ruleId === 'no-restricted-properties').map(({ message }) => message)).toHaveLength(2);
});
