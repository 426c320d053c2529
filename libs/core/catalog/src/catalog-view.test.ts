import { EMPTY_CATALOG, type Catalog } from '@varve/model';
import { expect, test } from 'vitest';
import { CatalogView } from './catalog-view.ts';

const at = (version: number): Catalog => ({ ...EMPTY_CATALOG, version });

test('M3: the version never goes back, gaps are fine, and listeners hear of each newer one once', () => {
  const view = new CatalogView(at(3));
  const heard: number[] = [];
  const stop = view.onChange(({ version }) => heard.push(version));
  expect([at(2), at(3), at(7), at(5), at(7), at(8)].map((catalog) => view.offer(catalog))).toEqual([
    false,
    false,
    true,
    false,
    false,
    true,
  ]);
  expect(view.catalog.version).toBe(8);
  stop();
  view.offer(at(9));
  expect(heard).toEqual([7, 8]);
});
