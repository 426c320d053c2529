import { expect, test } from 'vitest';
import { attributes } from './attributes.ts';
import { spans } from './spans.ts';

test('T3: names of spans are who and what, each one once', () => {
  const names = Object.values(spans);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z]+\.[a-z]+$/);
});

test('T4: names of attributes are dotted, each one once, and none is for what users store', () => {
  const names = Object.values(attributes);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z]+(\.[a-z_]+)+$/);
  for (const name of names) expect(name).not.toMatch(/tag|field|measurement|value|text|statement/);
});
