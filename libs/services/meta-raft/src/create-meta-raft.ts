import { assert, DbError } from '@varve/base';
import { serve, serveStream, type Service } from '@varve/kit';
import type { CommandResult } from '@varve/model';
import type { Subscription } from '@varve/ports';
import type { Entry, RaftConfig } from '@varve/raft';
import { subjectsOf } from '@varve/wire';
import type { MetaRaftConfig, MetaRaftPorts } from './ports.ts';
import { ProposePath } from './propose-path.ts';
import { CatalogPublisher } from './publish-catalog.ts';
import { RaftLoop } from './raft-loop.ts';
import { restore, Snapshots } from './snapshot.ts';

/** A meta node: a voter of the Raft group that decides every change to the catalog. For now it is the group's only one. */
export function createMetaRaft(ports: MetaRaftPorts, config: MetaRaftConfig): Service {
  return new MetaRaft(ports, config);
}

/** A group of one sends nothing and waits for nobody: its bounds are never reached. */
const ALONE: RaftConfig = {
  id: 1,
  voters: [1],
  electionTickCount: 10,
  heartbeatTickCount: 1,
  appendSizeBytesMax: 0,
  inFlightCountMax: 0,
  uncommittedSizeBytesMax: Infinity,
  randomUint32: () => 0,
};
/** A follower that takes no more of the catalog for so long is left. */
const STREAM_IDLE_TIMEOUT_MS = 2_000;

class MetaRaft implements Service {
  readonly #ports: MetaRaftPorts;
  readonly #config: MetaRaftConfig;
  readonly #subscriptions: Subscription[] = [];
  #loop: RaftLoop | undefined;
  #proposals: ProposePath | undefined;
  /** Once it leads: before, there is nothing to show. */
  #publisher: CatalogPublisher | undefined;

  constructor(ports: MetaRaftPorts, config: MetaRaftConfig) {
    this.#ports = ports;
    this.#config = config;
  }

  /** Resolves when it leads and has applied everything that was committed before. */
  async start(): Promise<void> {
    const { bus, clock, log, raftLog } = this.#ports;
    const subjects = subjectsOf(this.#config.clusterId);
    const { raft, machine } = await restore(this.#ports, ALONE);
    const proposals = new ProposePath(
      { raft, clock, onAppended: () => this.#loop!.wake((error) => this.#fail(error)) },
      this.#config,
    );
    const onApplied = (entry: Entry, result: CommandResult | undefined): void => {
      proposals.onApplied(entry, result, machine.catalog.version);
      this.#publisher?.maybePublish(machine.catalog);
    };
    const snapshots = new Snapshots({ raft, machine }, this.#ports, { entryCount: this.#config.snapshotEntryCount });
    this.#loop = new RaftLoop({ raft, machine, snapshots }, { raftLog, onApplied });
    this.#proposals = proposals;
    raft.campaign();
    await this.#loop.run();
    assert(raft.role === 'leader', `the only voter is a ${raft.role} after its election`);
    log.info('Leading the meta group', { term: raft.term, catalogVersion: machine.catalog.version });
    const publisher = new CatalogPublisher(bus, subjects, machine.catalog);
    this.#publisher = publisher;
    this.#subscriptions.push(
      serve(
        { bus, log },
        { subject: subjects.metaPropose, askedKind: 'metaPropose', answerKind: 'metaProposed' },
        (asked) => proposals.propose(asked),
      ),
      serveStream(
        { bus, clock, log },
        { subject: subjects.metaCatalog, askedKind: 'metaCatalog', idleTimeoutMs: STREAM_IDLE_TIMEOUT_MS },
        ({ header }) => publisher.pieces(header.afterVersion),
      ),
    );
    publisher.announce(); // what was committed before and nobody has heard of
  }

  /** Proposals are taken until it stops: other services need them to drain. */
  async drain(): Promise<void> {
    if (this.#loop?.failure === undefined) await this.#loop?.run();
  }

  /** What was accepted is finished. */
  async stop(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    await this.drain();
  }

  problems(): readonly string[] {
    return this.#loop?.failure === undefined ? [] : ['the catalog log cannot be written or read any more'];
  }

  /** Every waiting proposal is told, and the process ends. */
  #fail(error: unknown): void {
    this.#proposals!.fail(new DbError('META_UNAVAILABLE', 'this meta node has failed; retry', {}, { cause: error }));
    this.#ports.log.error('The catalog log has failed; this meta node ends', { error });
    this.#ports.onFatal(error);
  }
}
