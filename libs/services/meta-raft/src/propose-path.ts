import { DbError } from '@varve/base';
import type { Answer } from '@varve/kit';
import { decodeCommand, encodeCommandResult, type CatalogCommand, type CommandResult } from '@varve/model';
import { SILENT_TRACER, type Clock, type Metrics, type Span, type Tracer } from '@varve/ports';
import type { Entry, Raft } from '@varve/raft';
import { attributes, metrics as names, spans } from '@varve/telemetry';
import type { WireMessage } from '@varve/wire';
import type { MetaRaftConfig } from './ports.ts';
import { encodeProposal } from './proposal.ts';

interface Waiting {
  readonly term: number;
  /** When it was accepted. */
  readonly sinceMs: number;
  readonly settle: (answer: Answer<'metaProposed'>) => void;
  readonly refuse: (error: DbError) => void;
}

export interface ProposeParts {
  readonly raft: Raft;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly tracer?: Tracer | undefined;
  /** There is an entry more. */
  readonly onAppended: () => void;
}

/** A thousand of them are remembered. */
const PROPOSER_LENGTH_MAX = 300;

/** From a proposal to its answer: checked, appended, and answered once its entry is committed and applied. */
export class ProposePath {
  readonly #parts: ProposeParts;
  readonly #config: MetaRaftConfig;
  /** By log index. */
  readonly #waiting = new Map<number, Waiting>();
  #failure: DbError | undefined;

  constructor(parts: ProposeParts, config: MetaRaftConfig) {
    this.#parts = parts;
    this.#config = config;
  }

  /** @throws DbError META_NOT_LEADER, META_UNAVAILABLE, MESSAGE_INVALID, REQUEST_TOO_LARGE, CLOCK_SKEWED */
  async propose(asked: WireMessage<'metaPropose'>): Promise<Answer<'metaProposed'>> {
    const { tracer = SILENT_TRACER } = this.#parts;
    const span = tracer.startChild(spans.metaPropose, asked.header.traceParent, { kind: 'server' });
    try {
      const answer = await this.#propose(asked, span);
      span.end();
      return answer;
    } catch (error) {
      span.end(error);
      throw error;
    }
  }

  async #propose({ header, payload }: WireMessage<'metaPropose'>, span: Span): Promise<Answer<'metaProposed'>> {
    const { raft, clock, onAppended } = this.#parts;
    if (this.#failure !== undefined) throw this.#failure;
    const { session, seq, ackedSeq, proposer } = header;
    if (proposer.length > PROPOSER_LENGTH_MAX) throw new DbError('MESSAGE_INVALID', "the proposer's name is too long");
    if (![session, seq, ackedSeq].every(isCount))
      throw new DbError('MESSAGE_INVALID', `session ${session}, command ${seq}, confirmed ${ackedSeq}: no whole numbers from 0`);
    const command = decodeCommand(payload);
    span.setAttribute(attributes.command, command.kind);
    const nowMs = clock.wallMs();
    checkLease(command, { nowMs, aheadMsMax: this.#config.leaseAheadMsMax });
    const proposal = encodeProposal({ origin: { session, seq, ackedSeq }, proposer, atMs: nowMs, command });
    this.#checkRoom(proposal);
    const outcome = raft.propose(proposal);
    if (outcome.kind === 'notLeader') throw new DbError('META_NOT_LEADER', 'this meta node does not lead; retry');
    if (outcome.kind === 'transferring') throw new DbError('META_NOT_LEADER', 'this meta node is handing over to another one; retry');
    if (outcome.kind === 'full') throw new DbError('META_UNAVAILABLE', 'too much waits for a quorum of meta nodes; retry');
    span.setAttribute(attributes.logIndex, outcome.index);
    span.setAttribute(attributes.term, outcome.term);
    const answered = new Promise<Answer<'metaProposed'>>((settle, refuse) => {
      this.#waiting.set(outcome.index, { term: outcome.term, sinceMs: clock.monotonicMs(), settle, refuse });
    });
    onAppended();
    return answered;
  }

  /** An entry was applied; it answers the proposal that waits at its index if it is the same one. */
  onApplied(entry: Entry, result: CommandResult | undefined, version: number): void {
    const waiting = this.#waiting.get(entry.index);
    if (waiting === undefined) return;
    this.#waiting.delete(entry.index);
    if (waiting.term !== entry.term || result === undefined) {
      waiting.refuse(new DbError('META_NOT_LEADER', 'another leader has decided otherwise; retry'));
    } else {
      const { clock, metrics } = this.#parts;
      metrics.observe(names.raftCommitDuration, (clock.monotonicMs() - waiting.sinceMs) / 1_000);
      waiting.settle({ header: { version }, payload: encodeCommandResult(result) });
    }
  }

  /** This node leads no more: who waits asks again, and is answered by the next leader. */
  giveWay(): void {
    this.#refuseAll(new DbError('META_NOT_LEADER', 'this meta node leads no more; retry'));
  }

  /** The log has failed: who waits is told that the outcome is unknown, and nothing is accepted any more. */
  fail(reason: DbError): void {
    this.#failure = reason;
    this.#refuseAll(reason);
  }

  #refuseAll(reason: DbError): void {
    for (const { refuse } of this.#waiting.values()) refuse(reason);
    this.#waiting.clear();
  }

  #checkRoom(proposal: Uint8Array): void {
    const { proposalCountMax, proposalSizeBytesMax } = this.#config;
    if (proposal.length > proposalSizeBytesMax) {
      throw new DbError(
        'REQUEST_TOO_LARGE',
        `a catalog command of ${proposal.length} bytes, at most ${proposalSizeBytesMax} are allowed`,
      );
    }
    if (this.#waiting.size >= proposalCountMax) {
      throw new DbError('META_UNAVAILABLE', `${this.#waiting.size} catalog commands are under way; retry`);
    }
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** A lease far ahead of now would lift every later stamp of the cluster for ever: its asker's clock is wrong. */
function checkLease(
  command: CatalogCommand,
  { nowMs, aheadMsMax }: { readonly nowMs: number; readonly aheadMsMax: number },
): void {
  const wantedMs = leasedUntilMs(command);
  if (wantedMs !== undefined && wantedMs > nowMs + aheadMsMax) {
    throw new DbError(
      'CLOCK_SKEWED',
      `stamps are wanted ${wantedMs - nowMs} ms ahead of the meta node's clock, at most ${aheadMsMax} ms are leased`,
      { kind: command.kind },
    );
  }
}

function leasedUntilMs(command: CatalogCommand): number | undefined {
  if (command.kind === 'openIncarnation') return command.nowMs + command.leaseMs;
  return command.kind === 'renewIncarnation' ? command.ceilingMs : undefined;
}
