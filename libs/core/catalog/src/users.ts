import { LIMITS } from '@varve/config';
import type { Catalog, HeldPrivilege, Privilege, User } from '@varve/model';
import { longNameProblem } from './names.ts';
import { applied, databaseNotFound, limitReached, rejected, without, type Command, type Outcome } from './outcome.ts';
import { roleNotFound, withRole, withoutMember } from './roles.ts';

/** The same user once more is no error; another one of that name is. */
export function createUser(catalog: Catalog, { name, passwordHash, isAdmin }: Command<'createUser'>): Outcome {
  if (name === '') return rejected(catalog, 'invalidName', 'username required');
  const known = catalog.users.get(name);
  if (known !== undefined) {
    const isSame = known.passwordHash === passwordHash && known.isAdmin === isAdmin;
    return isSame ? applied(catalog) : rejected(catalog, 'userExists', 'user already exists');
  }
  const tooLong = longNameProblem(name);
  if (tooLong !== undefined) return rejected(catalog, 'invalidName', tooLong);
  if (catalog.users.size >= LIMITS.userCountMax) return limitReached(catalog, `a cluster has at most ${LIMITS.userCountMax} users`);
  return applied(withUser(catalog, { name, passwordHash, isAdmin, privileges: new Map() }));
}

/** Somebody of that name who comes later is in no role and has no right. */
export function dropUser(catalog: Catalog, { name }: Command<'dropUser'>): Outcome {
  if (!catalog.users.has(name)) return userNotFound(catalog);
  return applied(withoutMember({ ...catalog, users: without(catalog.users, name) }, name));
}

export function setPassword(catalog: Catalog, { name, passwordHash }: Command<'setPassword'>): Outcome {
  const user = catalog.users.get(name);
  if (user === undefined) return userNotFound(catalog);
  return applied(user.passwordHash === passwordHash ? catalog : withUser(catalog, { ...user, passwordHash }));
}

export function setAdmin(catalog: Catalog, { name, isAdmin }: Command<'setAdmin'>): Outcome {
  const user = catalog.users.get(name);
  if (user === undefined) return userNotFound(catalog);
  return applied(user.isAdmin === isAdmin ? catalog : withUser(catalog, { ...user, isAdmin }));
}

/** InfluxDB replaces what was granted before: READ and then WRITE is WRITE. */
export function grantPrivilege(catalog: Catalog, command: Command<'grantPrivilege'>): Outcome {
  return changePrivilege(catalog, command, () => command.privilege);
}

/** Of ALL, what is not revoked is left. A user who has nothing left, or never had, is known to have none: as in InfluxDB. */
export function revokePrivilege(catalog: Catalog, command: Command<'revokePrivilege'>): Outcome {
  return changePrivilege(catalog, command, (present = 'none') => privilegeWithout(present, command.privilege));
}

/** C2: a database that is created again under the same name is another one. */
export function withoutPrivilegesOn(catalog: Catalog, database: string): Catalog {
  return { ...catalog, users: forgotten(catalog.users, database), roles: forgotten(catalog.roles, database) };
}

function userNotFound(catalog: Catalog): Outcome {
  return rejected(catalog, 'userNotFound', 'user not found');
}

type PrivilegeCommand = Command<'grantPrivilege'> | Command<'revokePrivilege'>;

function changePrivilege(
  catalog: Catalog,
  { grantee, name, database }: PrivilegeCommand,
  next: (present: HeldPrivilege | undefined) => HeldPrivilege,
): Outcome {
  const holder = grantee === 'user' ? catalog.users.get(name) : catalog.roles.get(name);
  if (holder === undefined) return grantee === 'user' ? userNotFound(catalog) : roleNotFound(catalog);
  if (!catalog.databases.has(database)) return databaseNotFound(catalog, database);
  const present = holder.privileges.get(database);
  const wanted = next(present);
  if (wanted === present) return applied(catalog);
  const privileges = new Map(holder.privileges).set(database, wanted);
  const changed = 'passwordHash' in holder ? withUser(catalog, { ...holder, privileges }) : withRole(catalog, { ...holder, privileges });
  return applied(changed);
}

function privilegeWithout(present: HeldPrivilege, revoked: Privilege): HeldPrivilege {
  if (revoked === 'all' || revoked === present) return 'none';
  if (present !== 'all') return present;
  return revoked === 'read' ? 'write' : 'read';
}

function withUser(catalog: Catalog, user: User): Catalog {
  return { ...catalog, users: new Map(catalog.users).set(user.name, user) };
}

function forgotten<Holder extends { readonly name: string; readonly privileges: ReadonlyMap<string, HeldPrivilege> }>(
  holders: ReadonlyMap<string, Holder>,
  database: string,
): ReadonlyMap<string, Holder> {
  const concerned = [...holders.values()].filter(({ privileges }) => privileges.has(database));
  if (concerned.length === 0) return holders;
  const changed = new Map(holders);
  for (const holder of concerned) changed.set(holder.name, { ...holder, privileges: without(holder.privileges, database) });
  return changed;
}
