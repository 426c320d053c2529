import type { Catalog, Incarnation, IncarnationId } from '@varve/model';
import { applied, rejected, without, type Command, type Outcome } from './outcome.ts';

/** Closed incarnations beyond this are forgotten, oldest first: one that the catalog lacks is closed. */
export const CLOSED_INCARNATION_COUNT_MAX = 1_000;

/** A version has 48 bits for its wall time. */
const CEILING_MS_MAX = 2 ** 48 - 1;

/**
 * Leases a range of stamps that begins where every earlier lease ended. A holder has one open incarnation: opening again
 * closes what it left open when it was killed.
 */
export function openIncarnation(catalog: Catalog, { holder, nowMs, leaseMs }: Command<'openIncarnation'>): Outcome {
  const id = catalog.nextId;
  const floorMs = catalog.ceilingMs;
  const ceilingMs = Math.ceil(Math.max(nowMs, floorMs)) + leaseMs;
  if (ceilingMs > CEILING_MS_MAX) return ceilingTooHigh(catalog, ceilingMs);
  const incarnations = new Map(catalog.incarnations);
  for (const earlier of catalog.incarnations.values()) {
    if (earlier.holder === holder && earlier.isOpen) incarnations.set(earlier.id, { ...earlier, isOpen: false });
  }
  incarnations.set(id, { id, holder, ceilingMs, isOpen: true });
  const opened = { ...catalog, incarnations: forgetOldest(incarnations), nextId: id + 1, ceilingMs };
  return applied(opened, { id, floorMs, ceilingMs });
}

/** Raises the ceiling, never lowers it. */
export function renewIncarnation(catalog: Catalog, command: Command<'renewIncarnation'>): Outcome {
  const incarnation = catalog.incarnations.get(command.incarnation);
  if (incarnation?.isOpen !== true)
    return rejected(catalog, 'incarnationClosed', `incarnation ${command.incarnation} is closed`);
  const ceilingMs = Math.max(incarnation.ceilingMs, Math.ceil(command.ceilingMs));
  if (ceilingMs > CEILING_MS_MAX) return ceilingTooHigh(catalog, ceilingMs);
  if (ceilingMs === incarnation.ceilingMs) return applied(catalog, { ceilingMs });
  const incarnations = new Map(catalog.incarnations).set(incarnation.id, { ...incarnation, ceilingMs });
  return applied({ ...catalog, incarnations, ceilingMs: Math.max(catalog.ceilingMs, ceilingMs) }, { ceilingMs });
}

/** What is closed or forgotten stays closed. One that was renewed beyond the ceiling its closer has seen stays open (X15). */
export function closeIncarnation(catalog: Catalog, command: Command<'closeIncarnation'>): Outcome {
  const incarnation = catalog.incarnations.get(command.incarnation);
  if (incarnation?.isOpen !== true) return applied(catalog);
  const { ceilingMs } = incarnation;
  if (command.ceilingMs !== undefined && ceilingMs > command.ceilingMs) return applied(catalog, { ceilingMs });
  const incarnations = new Map(catalog.incarnations).set(incarnation.id, { ...incarnation, isOpen: false });
  return applied({ ...catalog, incarnations: forgetOldest(incarnations) });
}

/**
 * Whether its coordinator may still bring frames of it (X10). What the catalog does not know is newer than it, or was closed
 * so long ago that it is forgotten.
 */
export function isOpenIncarnation(catalog: Catalog, incarnation: IncarnationId): boolean {
  return catalog.incarnations.get(incarnation)?.isOpen ?? incarnation >= catalog.nextId;
}

function ceilingTooHigh(catalog: Catalog, ceilingMs: number): Outcome {
  return rejected(catalog, 'invalidTime', `a ceiling of ${ceilingMs} ms is beyond what a version can hold`);
}

/** Ids ascend in the map: each is added with a new greatest id. */
function forgetOldest(incarnations: ReadonlyMap<IncarnationId, Incarnation>): ReadonlyMap<IncarnationId, Incarnation> {
  const closed = [...incarnations.values()].filter(({ isOpen }) => !isOpen);
  const surplus = closed.slice(0, Math.max(0, closed.length - CLOSED_INCARNATION_COUNT_MAX));
  return surplus.reduce((rest, { id }) => without(rest, id), incarnations);
}
