import { EMPTY_CATALOG, type Catalog, type CatalogCommand, type CommandResult, type RetentionPolicy } from '@varve/model';
import { applyCatalogCommand, type Applied, type CommandContext } from '../apply-command.ts';

/** Applies one command after the other, as the log does, each as the next one of a session. */
export class AppliedLog {
  catalog: Catalog;
  /** What the leader's clock says. */
  nowMs = 1_000;
  index = 0;
  session = 0;
  seq = 0;

  constructor(catalog: Catalog = EMPTY_CATALOG) {
    this.catalog = catalog;
    this.index = catalog.version;
    this.session = this.open();
  }

  /** Opens a session and returns its id. */
  open(proposer = 'p'): number {
    const { result } = this.apply({ kind: 'openSession', proposer }, { session: 0, seq: 0, ackedSeq: 0 });
    return result.kind === 'applied' ? result.id! : 0;
  }

  /** The next entry of the log, from wherever. */
  apply(command: CatalogCommand, origin: CommandContext['origin']): Applied {
    this.index += 1;
    const applied = applyCatalogCommand(this.catalog, command, { index: this.index, atMs: this.nowMs, origin });
    this.catalog = applied.catalog;
    return applied;
  }

  /** As a client does it: with a new session when the clock has ended the old one. */
  run(command: CatalogCommand): CommandResult {
    this.seq += 1;
    const origin = { seq: this.seq, ackedSeq: this.seq - 1 };
    const { result } = this.apply(command, { ...origin, session: this.session });
    if (result.kind !== 'rejected' || result.reason !== 'sessionExpired') return result;
    this.session = this.open();
    return this.apply(command, { ...origin, session: this.session }).result;
  }

  /** `ok`, or what a client would be told. */
  say(command: CatalogCommand): string {
    const result = this.run(command);
    return result.kind === 'applied' ? 'ok' : result.message;
  }

  /** `ok`, or why not. */
  why(command: CatalogCommand): string {
    const result = this.run(command);
    return result.kind === 'applied' ? 'ok' : result.reason;
  }

  policy(database = 'a', retentionPolicy = 'autogen'): RetentionPolicy {
    return this.catalog.databases.get(database)!.retentionPolicies.get(retentionPolicy)!;
  }

  /** Owners of each shard of each group, such as `1-2 3-1`. */
  owners(): string[] {
    return this.policy().shardGroups.map(({ shards }) => shards.map(({ owners }) => owners.join('-')).join(' '));
  }
}

/** Shard groups of the database `a`, one for each of these hours since the epoch. */
export function groups(...hours: readonly bigint[]): CatalogCommand {
  return { kind: 'createShardGroups', database: 'a', retentionPolicy: 'autogen', timesNs: hours.map((hour) => hour * HOUR_NS) };
}

const HOUR_NS = 3_600_000_000_000n;
