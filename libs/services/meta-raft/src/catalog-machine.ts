import { applyCatalogCommand } from '@varve/catalog';
import { encodeCommand, type Catalog, type CommandResult } from '@varve/model';
import type { AuditRow } from '@varve/ports';
import { ENTRY_KINDS, type Entry } from '@varve/raft';
import { decodeProposal, type Proposal } from './proposal.ts';

/** The replicated state machine: the catalog, and what people may want to know of how it came about. M2. */
export class CatalogMachine {
  #catalog: Catalog;
  /** Since the last snapshot, so no more than entries are applied between two. */
  #audit: AuditRow[] = [];

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  get catalog(): Catalog {
    return this.#catalog;
  }

  /** Returns what applying the entry answered; undefined for an entry that is no command. @throws DbError as {@link decodeProposal} */
  apply(entry: Entry): CommandResult | undefined {
    if (entry.kind === ENTRY_KINDS.noOp) return undefined;
    const proposal = decodeProposal(entry.payload);
    const { requestId, command } = proposal;
    const { catalog, result } = applyCatalogCommand(this.#catalog, command, { index: entry.index, requestId });
    const isRepeated = catalog === this.#catalog;
    this.#catalog = catalog;
    // Renewals come every few seconds and would push out what people look for.
    if (result.kind === 'applied' && !isRepeated && command.kind !== 'renewIncarnation') {
      this.#audit.push(auditRow(entry, proposal));
    }
    return result;
  }

  /** Begins anew with what another peer has made of the log. What was noted before stays. */
  replace(catalog: Catalog): void {
    this.#catalog = catalog;
  }

  /** The rows since the last call. */
  takeAudit(): readonly AuditRow[] {
    const rows = this.#audit;
    this.#audit = [];
    return rows;
  }
}

function auditRow({ index }: Entry, { atMs, proposer, command }: Proposal): AuditRow {
  return {
    logIndex: index,
    atMs,
    proposer,
    kind: command.kind,
    command: new TextDecoder().decode(encodeCommand(command)),
  };
}
