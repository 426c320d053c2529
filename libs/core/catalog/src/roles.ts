import type { Catalog, Role } from '@varve/model';
import { applied, rejected, without, type Command, type Outcome } from './outcome.ts';

/** A role has nothing but its name at first, so creating it again would take away what it has: that is refused. */
export function createRole(catalog: Catalog, { name }: Command<'createRole'>): Outcome {
  if (name === '') return rejected(catalog, 'invalidName', 'role name required');
  if (catalog.roles.has(name)) return rejected(catalog, 'roleExists', 'role already exists');
  return applied(withRole(catalog, { name, members: [], privileges: new Map() }));
}

export function dropRole(catalog: Catalog, { name }: Command<'dropRole'>): Outcome {
  if (!catalog.roles.has(name)) return roleNotFound(catalog);
  return applied({ ...catalog, roles: without(catalog.roles, name) });
}

export function setRoleMember(catalog: Catalog, { role: name, user, isMember }: Command<'setRoleMember'>): Outcome {
  const role = catalog.roles.get(name);
  if (role === undefined) return roleNotFound(catalog);
  if (!catalog.users.has(user)) return rejected(catalog, 'userNotFound', 'user not found');
  if (role.members.includes(user) === isMember) return applied(catalog);
  const others = role.members.filter((member) => member !== user);
  const members = isMember ? [...others, user].sort() : others;
  return applied(withRole(catalog, { ...role, members }));
}

export function roleNotFound(catalog: Catalog): Outcome {
  return rejected(catalog, 'roleNotFound', 'role not found');
}

export function withRole(catalog: Catalog, role: Role): Catalog {
  return { ...catalog, roles: new Map(catalog.roles).set(role.name, role) };
}

/** Every role without a user that is gone. */
export function withoutMember(catalog: Catalog, user: string): Catalog {
  const concerned = [...catalog.roles.values()].filter(({ members }) => members.includes(user));
  return concerned.reduce(
    (rest, role) => withRole(rest, { ...role, members: role.members.filter((member) => member !== user) }),
    catalog,
  );
}
