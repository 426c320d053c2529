import { DbError } from '@varve/base';
import { applyCatalogCommand } from '@varve/catalog';
import { LIMITS } from '@varve/config';
import { CatalogClient, serve } from '@varve/kit';
import { decodeCommand, EMPTY_CATALOG, encodeCommandResult, type Catalog, type CatalogCommand } from '@varve/model';
import { SILENT_LOG } from '@varve/ports';
import { subjectsOf, type Header } from '@varve/wire';
import { expect, test } from 'vitest';
import { SimClock } from './sim-clock.ts';
import { CALM_NETWORK, SimNetwork } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimScheduler } from './sim-scheduler.ts';

// Methodology: a client against a meta node that applies what it is told, at once, and then answers or does not: what the
// client does with an answer that is lost, late or of an expired session is all that is looked at.
const SUBJECTS = subjectsOf('sim');
type Sent = Header<'metaPropose'> & { readonly kind: string };

class World {
  readonly scheduler = new SimScheduler({ seed: 1 });
  readonly sent: Sent[] = [];
  readonly client: CatalogClient;
  catalog: Catalog = EMPTY_CATALOG;
  /** Added to the leader's clock. */
  aheadMs = 0;
  /** What happens to commands: applied and answered unless said otherwise. */
  fate: (sent: Sent) => 'answered' | 'answer lost' | 'never arrived' = () => 'answered';
  #index = 0;

  constructor() {
    const network = new SimNetwork(this.scheduler, CALM_NETWORK);
    const meta = new SimProcess(this.scheduler, 'meta');
    const bus = network.connect(meta);
    const clock = new SimClock(meta);
    serve({ bus, log: SILENT_LOG }, { subject: SUBJECTS.metaPropose, askedKind: 'metaPropose', answerKind: 'metaProposed' }, async ({ header, payload }) => {
      const command = decodeCommand(payload);
      const sent = { ...header, kind: command.kind };
      this.sent.push(sent);
      const fate = this.fate(sent);
      if (fate === 'never arrived') return new Promise(() => undefined);
      this.#index += 1;
      const { catalog, result } = applyCatalogCommand(this.catalog, command, { index: this.#index, atMs: clock.wallMs() + this.aheadMs, origin: header });
      this.catalog = catalog;
      if (fate === 'answer lost') return new Promise(() => undefined);
      return { header: { version: catalog.version }, payload: encodeCommandResult(result) };
    });
    const process = new SimProcess(this.scheduler, 'client');
    const ports = { bus: network.connect(process), clock: new SimClock(process) };
    this.client = new CatalogClient(ports, { subjects: SUBJECTS, proposer: 'c' });
  }

  /** `applied`, the reason of a rejection, or what was thrown. */
  propose(command: CatalogCommand): Promise<string> {
    return this.scheduler.runUntilSettled(this.outcomeOf(command));
  }

  outcomeOf(command: CatalogCommand): Promise<string> {
    return this.client.propose(command).then(
      ({ result }) => (result.kind === 'applied' ? 'applied' : result.reason),
      (error: unknown) => (error instanceof DbError ? `${error.code} ${String(error.facts['outcome'])}` : String(error)),
    );
  }

  countOf(kind: CatalogCommand['kind']): number {
    return this.sent.filter((each) => each.kind === kind).length;
  }
}

const create = (name: string): CatalogCommand => ({ kind: 'createDatabase', name });
const open: CatalogCommand = { kind: 'openIncarnation', holder: 'c', nowMs: 1, leaseMs: 1 };

test('C20: commands that are proposed together share one session, which is opened by the first', async () => {
  const world = new World();
  const names = Array.from({ length: 50 }, (_, index) => `d${index}`);
  await world.scheduler.runUntilSettled(Promise.all(names.map((name) => world.client.propose(create(name)))));
  expect(world.countOf('openSession')).toBe(1);
  expect(world.catalog.sessions).toHaveLength(1);
  expect(world.catalog.databases.size).toBe(50);
  await world.propose(create('last'));
  expect(world.catalog.sessions[0]).toMatchObject({ ackedSeq: 50, answers: [{ seq: 51 }] });
});

test('X: an answer that is lost is asked for again, and is the same', async () => {
  const world = new World();
  let lostCount = 2;
  world.fate = ({ kind }) => (kind === 'openIncarnation' && lostCount-- > 0 ? 'answer lost' : 'answered');
  expect(await world.propose(open)).toBe('applied');
  expect(world.countOf('openIncarnation')).toBe(3);
  expect(world.catalog.incarnations.size).toBe(1);
});

test('C22: a session that expired while nothing was proposed is replaced, and the command is run once', async () => {
  const world = new World();
  await world.propose(create('a'));
  world.aheadMs = LIMITS.sessionExpiryMs + 60_000;
  const outcomes = await world.scheduler.runUntilSettled(Promise.all(['b', 'c'].map((name) => world.client.propose(create(name)))));
  expect(outcomes.map(({ result }) => result.kind)).toEqual(['applied', 'applied']);
  expect(world.countOf('openSession')).toBe(2);
  expect([...world.catalog.databases.keys()].toSorted()).toEqual(['a', 'b', 'c']);
});

test('X, C26: expired after an attempt whose answer was lost: unknown, and never sent under another session', async () => {
  const world = new World();
  await world.propose(create('a'));
  world.fate = ({ kind }) => (kind === 'openIncarnation' && world.aheadMs === 0 ? 'answer lost' : 'answered');
  const told = world.outcomeOf(open);
  await world.scheduler.runFor(1_000);
  world.aheadMs = LIMITS.sessionExpiryMs + 60_000; // before the next attempt
  expect(await world.scheduler.runUntilSettled(told)).toBe('META_UNAVAILABLE unknown');
  expect(world.catalog.incarnations.size).toBe(1); // it was applied, and the client said that it does not know
  expect(new Set(world.sent.filter(({ kind }) => kind === 'openIncarnation').map(({ session, seq }) => `${session}/${seq}`)).size).toBe(1);
  expect(await world.propose(create('b'))).toBe('applied');
});

test('X: a compare-and-set whose answer is lost for good is reported as unknown, and cannot be applied later', async () => {
  const world = new World();
  await world.propose({ kind: 'joinNode', role: 'data', name: 'n' });
  await world.propose(create('a'));
  await world.propose({ kind: 'createShardGroups', database: 'a', retentionPolicy: 'autogen', timesNs: [0n] });
  const shard = world.catalog.databases.get('a')!.retentionPolicies.get('autogen')!.shardGroups[0]!.shards[0]!;
  const swap = { kind: 'setShardOwners', database: 'a', retentionPolicy: 'autogen', shard: shard.id, epoch: 1, owners: shard.owners } as const;
  world.fate = ({ kind }) => (kind === 'setShardOwners' ? 'never arrived' : 'answered');
  expect(await world.propose(swap)).toBe('META_UNAVAILABLE unknown');
  const late = world.sent.findLast(({ kind }) => kind === 'setShardOwners')!;
  expect(await world.propose(create('b'))).toBe('applied'); // confirms every number before it
  const { result } = applyCatalogCommand(world.catalog, swap, { index: 1_000, atMs: 1, origin: late });
  expect(result).toMatchObject({ kind: 'rejected', reason: 'alreadyAnswered' });
});

test('C25: more commands than a session remembers wait for the first one', async () => {
  const world = new World();
  await world.propose(create('a'));
  let isStuck = true;
  world.fate = ({ kind }) => (kind === 'openIncarnation' && isStuck ? 'never arrived' : 'answered');
  const stuck = world.client.propose(open);
  const all = Array.from({ length: LIMITS.sessionAnswerCountMax + 20 }, () => world.client.propose({ kind: 'dropDatabase', name: 'x' }));
  await world.scheduler.runFor(1_000);
  expect(world.countOf('dropDatabase')).toBe(LIMITS.sessionAnswerCountMax - 1);
  isStuck = false;
  const outcomes = await world.scheduler.runUntilSettled(Promise.all([stuck, ...all]));
  expect(outcomes.every(({ result }) => result.kind === 'applied')).toBe(true);
  expect(world.countOf('openSession')).toBe(1);
});

test('a session that cannot be opened is not opened for ever, and nothing was sent', async () => {
  const world = new World();
  world.fate = () => 'never arrived';
  expect(await world.propose(create('a'))).toMatch(/^META_UNAVAILABLE/);
  expect(world.countOf('createDatabase')).toBe(0);
  world.fate = () => 'answered';
  expect(await world.propose(create('a'))).toBe('applied');
});
