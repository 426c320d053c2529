import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderExports, renderImportGraph } from './render.ts';
import { readRooms, REPOSITORY } from './rooms.ts';

const generated = (name: string): string => readFileSync(join(REPOSITORY, 'docs', 'generated', name), 'utf8');

test('docs/generated/import-graph.txt is current (npm run graph)', () => {
  expect(generated('import-graph.txt')).toBe(renderImportGraph(readRooms()));
});

test('docs/generated/exports.txt is current (npm run graph)', () => {
  expect(generated('exports.txt')).toBe(renderExports(readRooms()));
});
