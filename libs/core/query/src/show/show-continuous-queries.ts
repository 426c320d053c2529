import type { Catalog, SeriesBlock } from '@varve/model';
import { showTable } from './show-block.ts';

/** A series per database, also where there is none. */
export function showContinuousQueries({ databases }: Catalog): readonly SeriesBlock[] {
  return [...databases.values()].map(({ name: database, continuousQueries }) =>
    showTable(database, ['name', 'query'], [...(continuousQueries?.values() ?? [])].map(({ name, query }) => [name, query])));
}
