import { applyCatalogCommand, changeOf, type Applied } from '@varve/catalog';
import { LIMITS } from '@varve/config';
import { encodeChange, encodeCommand, withoutSecrets, type Catalog, type CatalogCommand, type CommandResult } from '@varve/model';
import type { AuditRow } from '@varve/ports';
import type { Entry } from '@varve/raft';
import { ChangeRing } from './change-ring.ts';
import { decodeProposal, type Proposal } from './proposal.ts';

/** They come every few seconds, or with every start of a service, and would push out what people look for. */
const UNAUDITED: ReadonlySet<CatalogCommand['kind']> = new Set(['renewIncarnation', 'renewLease', 'openSession']);

/** The replicated state machine: the catalog, and what people may want to know of how it came about. M2. */
export class CatalogMachine {
  /** What followers of the catalog lack may be here. */
  readonly changes: ChangeRing;
  #catalog: Catalog;
  #index: number;
  /** Since the last snapshot was begun, so no more than entries are applied between two and while one is saved. */
  #audit: AuditRow[] = [];

  constructor(catalog: Catalog, index: number) {
    const { catalogChangeCountMax: countMax, catalogChangesSizeBytesMax: sizeBytesMax } = LIMITS;
    this.changes = new ChangeRing(index, { countMax, sizeBytesMax });
    this.#catalog = catalog;
    this.#index = index;
  }

  /** Of the last entry that is applied. */
  get index(): number {
    return this.#index;
  }

  get catalog(): Catalog {
    return this.#catalog;
  }

  /** Returns what applying the entry answered; undefined for an entry that is no command. @throws DbError as {@link decodeProposal} */
  apply(entry: Entry): CommandResult | undefined {
    const proposal = decodeProposal(entry.payload);
    const { origin, atMs, command } = proposal;
    const applied = applyCatalogCommand(this.#catalog, command, { index: entry.index, atMs, origin });
    const change = changeOf(this.#catalog, applied.catalog, { index: entry.index, command });
    if (change !== undefined) this.changes.push({ index: entry.index, bytes: encodeChange(change) });
    this.#catalog = applied.catalog;
    this.#index = entry.index;
    if (isAudited(applied, command)) this.#audit.push(auditRow(entry, proposal));
    return applied.result;
  }

  /** An entry that is not for the catalog. */
  pass({ index }: Entry): undefined {
    this.#index = index;
  }

  /** Begins anew with what another peer has made of the log. What was noted before stays. */
  replace(catalog: Catalog, index: number): void {
    this.#catalog = catalog;
    this.#index = index;
    this.changes.restart(index);
  }

  /** The rows since the last call. */
  takeAudit(): readonly AuditRow[] {
    const rows = this.#audit;
    this.#audit = [];
    return rows;
  }
}

/** What was accepted, once. A round of upkeep that found nothing to do is no event. */
function isAudited({ isRepeated, result }: Applied, { kind }: CatalogCommand): boolean {
  return result.kind === 'applied' && !isRepeated && result.groupCount !== 0 && !UNAUDITED.has(kind);
}

function auditRow({ index }: Entry, { atMs, proposer, command }: Proposal): AuditRow {
  return {
    logIndex: index,
    atMs,
    proposer,
    kind: command.kind,
    command: new TextDecoder().decode(encodeCommand(withoutSecrets(command))),
  };
}
