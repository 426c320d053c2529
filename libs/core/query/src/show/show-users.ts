import type { Catalog, HeldPrivilege, SeriesBlock } from '@varve/model';
import { planError, type PlanError } from '../plan/schema-view.ts';
import { showTable } from './show-block.ts';

/** In order of creation; hashes of passwords are never shown. */
export function showUsers({ users }: Catalog): readonly SeriesBlock[] {
  return [showTable('', ['user', 'admin'], [...users.values()].map(({ name, isAdmin }) => [name, isAdmin]))];
}

const PRIVILEGE_TEXTS: Readonly<Record<HeldPrivilege, string>> = { read: 'READ', write: 'WRITE', all: 'ALL PRIVILEGES', none: 'NO PRIVILEGES' };

/** In the order of the grants; InfluxDB has no order. What an administrator may by being one is not listed. */
export function showGrants({ users }: Catalog, name: string): readonly SeriesBlock[] | PlanError {
  const user = users.get(name);
  if (user === undefined) return planError('user not found');
  return [showTable('', ['database', 'privilege'], [...user.privileges].map(([database, privilege]) => [database, PRIVILEGE_TEXTS[privilege]]))];
}
