import type { Catalog, SeriesBlock, ShownCell } from '@varve/model';
import { showTable } from './show-block.ts';

const COLUMNS = ['retention_policy', 'name', 'mode', 'destinations'];

/** A series per database that has any. Destinations are shown as they were given, with the passwords in them: as InfluxDB does. */
export function showSubscriptions({ databases }: Catalog): readonly SeriesBlock<ShownCell>[] {
  return [...databases.values()].flatMap(({ name: database, retentionPolicies }) => {
    const rows = [...retentionPolicies.values()].flatMap(({ name: policy, subscriptions }) =>
      [...(subscriptions?.values() ?? [])].map(({ name, mode, destinations }): ShownCell[] => [policy, name, mode, destinations]));
    return rows.length === 0 ? [] : [showTable<ShownCell>(database, COLUMNS, rows)];
  });
}
