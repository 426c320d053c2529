import type { Catalog } from '@varve/model';
import { nameProblem } from './names.ts';
import { applied, rejected, type Command, type Outcome } from './outcome.ts';

/** A node that comes again gets the id it has. */
export function joinNode(catalog: Catalog, { role, name }: Command<'joinNode'>): Outcome {
  const problem = nameProblem(name);
  if (problem !== undefined) return rejected(catalog, 'invalidName', problem);
  for (const node of catalog.nodes.values()) {
    if (node.role === role && node.name === name) return applied(catalog, { id: node.id });
  }
  const id = catalog.nextId;
  return applied({ ...catalog, nodes: new Map(catalog.nodes).set(id, { id, role, name }), nextId: id + 1 }, { id });
}
