import type { Catalog, Lease } from '@varve/model';
import { nameProblem } from './names.ts';
import { applied, rejected, without, type Command, type Outcome } from './outcome.ts';

/** A lease is a right of a service, not of a series or a user. */
export const LEASE_COUNT_MAX = 1_000;
/** Longer ones would outlive the reason for which they were taken. */
const DURATION_MS_MAX = 24 * 3_600_000;

/** Free, run out, or the holder's own already. */
export function acquireLease(catalog: Catalog, command: Command<'acquireLease'>): Outcome {
  const { name, holder, durationMs } = command;
  const problem = nameProblem(name) ?? nameProblem(holder);
  if (problem !== undefined) return rejected(catalog, 'invalidName', problem);
  const refusal = durationProblem(catalog, durationMs);
  if (refusal !== undefined) return refusal;
  const known = catalog.leases.get(name);
  if (known !== undefined && isHeld(catalog, known)) {
    if (known.holder === holder) return held(catalog, known, durationMs);
    return rejected(catalog, 'leaseHeld', `lease "${name}" is held by ${known.holder} until ${known.untilMs}`);
  }
  const leases = withoutRunOut(catalog);
  if (leases.size >= LEASE_COUNT_MAX)
    return rejected(catalog, 'tooManyLeases', `${leases.size} leases are held, at most ${LEASE_COUNT_MAX} are allowed`);
  const lease: Lease = { id: catalog.nextId, name, holder, untilMs: catalog.clockMs };
  return held({ ...catalog, leases, nextId: catalog.nextId + 1 }, lease, durationMs);
}

/** One that has run out is lost, even if nobody else has taken it: its holder may have acted on that already. */
export function renewLease(catalog: Catalog, { name, holder, durationMs }: Command<'renewLease'>): Outcome {
  const refusal = durationProblem(catalog, durationMs);
  if (refusal !== undefined) return refusal;
  const known = catalog.leases.get(name);
  if (known?.holder !== holder || !isHeld(catalog, known))
    return rejected(catalog, 'leaseLost', `lease "${name}" is not held by ${holder}`);
  return held(catalog, known, durationMs);
}

/** What is not held is released already. */
export function releaseLease(catalog: Catalog, { name, holder }: Command<'releaseLease'>): Outcome {
  if (catalog.leases.get(name)?.holder !== holder) return applied(catalog);
  return applied({ ...catalog, leases: without(catalog.leases, name) });
}

/** Never shorter than it was. */
function held(catalog: Catalog, lease: Lease, durationMs: number): Outcome {
  const untilMs = Math.max(lease.untilMs, catalog.clockMs + durationMs);
  const leases = new Map(catalog.leases).set(lease.name, { ...lease, untilMs });
  return applied({ ...catalog, leases }, { id: lease.id, untilMs });
}

function isHeld({ clockMs }: Catalog, { untilMs }: Lease): boolean {
  return clockMs < untilMs;
}

function durationProblem(catalog: Catalog, durationMs: number): Outcome | undefined {
  if (durationMs > 0 && durationMs <= DURATION_MS_MAX) return undefined;
  return rejected(catalog, 'invalidDuration', `a lease lasts 1 to ${DURATION_MS_MAX} ms, not ${durationMs}`);
}

function withoutRunOut(catalog: Catalog): ReadonlyMap<string, Lease> {
  if (catalog.leases.size < LEASE_COUNT_MAX) return catalog.leases;
  return new Map([...catalog.leases].filter(([, lease]) => isHeld(catalog, lease)));
}
