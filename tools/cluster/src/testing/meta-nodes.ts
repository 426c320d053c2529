import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CatalogClient } from '@varve/kit';
import { connectNats } from '@varve/nats-adapter';
import type { NatsServer } from '@varve/nats-adapter/server';
import { SILENT_LOG, type Bus, type MetaStatus } from '@varve/ports';
import { systemClock } from '@varve/system-adapter';
import { subjectsOf } from '@varve/wire';
import { expect, onTestFinished } from 'vitest';
import { eventually } from './test-cluster.ts';
import { startService, type TestProcess } from './test-process.ts';

const AGREE_TIMEOUT_MS = 60_000;

/** What an operator's request was answered. */
export interface Operated {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The meta-raft processes of one cluster, each on a directory that outlives it. */
export class MetaNodes {
  readonly voters: readonly number[];
  readonly #nats: NatsServer;
  readonly #clusterId: string;
  readonly #root = mkdtempSync(join(tmpdir(), 'varve-meta-'));
  readonly #running = new Map<number, TestProcess>();
  #client: Promise<CatalogClient> | undefined;

  constructor(nats: NatsServer, { clusterId = 'operated', voters = [1, 2, 3] }: { readonly clusterId?: string; readonly voters?: readonly number[] } = {}) {
    this.#nats = nats;
    this.#clusterId = clusterId;
    this.voters = voters;
    onTestFinished(() => rmSync(this.#root, { recursive: true, force: true }));
  }

  /** Starts the voters and waits until all take part. */
  async startAll(directories: ReadonlyMap<number, string> = new Map()): Promise<void> {
    const started = this.voters.map((peer) => this.start(peer, { directory: directories.get(peer) ?? this.directoryOf(peer) }));
    await Promise.all(started.map((each) => each.url()));
  }

  directoryOf(peer: number): string {
    return join(this.#root, `meta${peer}`);
  }

  /** A process as that peer; it becomes the one that is asked. */
  start(peer: number, options: { readonly directory?: string; readonly flags?: readonly string[] } = {}): TestProcess {
    const process = this.startBeside(peer, { directory: this.directoryOf(peer), ...options });
    this.#running.set(peer, process);
    return process;
  }

  /** A process that says it is that peer, beside the one that is asked. */
  startBeside(peer: number, { directory, flags = [] }: { readonly directory: string; readonly flags?: readonly string[] }): TestProcess {
    const standard = ['--nats-servers', this.#nats.address, '--cluster-id', this.#clusterId, '--data-dir', directory];
    return startService('meta-raft', [...standard, '--meta-peer-id', String(peer), '--meta-voters', this.voters.join(), ...flags]);
  }

  processOf(peer: number): TestProcess {
    return this.#running.get(peer)!;
  }

  async stop(peer: number): Promise<void> {
    expect(await this.processOf(peer).stop()).toBe(0);
    this.#running.delete(peer);
  }

  async kill(peer: number): Promise<void> {
    await this.processOf(peer).kill();
    this.#running.delete(peer);
  }

  /** It has ended by itself. */
  forget(peer: number): void {
    this.#running.delete(peer);
  }

  /** The peer's directory as it is now, under another name. The peer does not run. */
  copyOf(peer: number, name: string): string {
    const copy = join(this.#root, name);
    cpSync(this.directoryOf(peer), copy, { recursive: true });
    return copy;
  }

  async status(peer: number): Promise<MetaStatus> {
    const { status, body } = await this.#fetch(peer, 'GET', '/status');
    expect([status, body['error']]).toEqual([200, undefined]);
    return body as unknown as MetaStatus;
  }

  operate(peer: number, target: string): Promise<Operated> {
    return this.#fetch(peer, 'POST', target);
  }

  async get(peer: number, target: string): Promise<string> {
    const response = await fetch(`${await this.processOf(peer).url()}${target}`);
    return response.text();
  }

  /** Whom all that run take for the leader, once they agree. */
  async leader(): Promise<number> {
    let leaderId = 0;
    await eventually(AGREE_TIMEOUT_MS, 'the meta nodes agree about their leader', async () => {
      const all = await Promise.all([...this.#running.keys()].map((peer) => this.status(peer)));
      leaderId = all[0]!.leaderId;
      return leaderId !== 0 && all.every((each) => each.leaderId === leaderId) && all.some(({ peerId, role }) => peerId === leaderId && role === 'leader');
    });
    return leaderId;
  }

  /** Through the bus, as every service. */
  async createDatabase(name: string): Promise<void> {
    this.#client ??= this.#connect();
    const { result } = await (await this.#client).propose({ kind: 'createDatabase', name });
    expect(result.kind, name).toBe('applied');
  }

  async #connect(): Promise<CatalogClient> {
    const bus: Bus & { close(): Promise<void> } = await connectNats({ servers: [this.#nats.address], name: 'operator', log: SILENT_LOG });
    onTestFinished(() => bus.close());
    return new CatalogClient({ bus, clock: systemClock }, { subjects: subjectsOf(this.#clusterId), proposer: 'operator' });
  }

  async #fetch(peer: number, method: string, target: string): Promise<Operated> {
    const response = await fetch(`${await this.processOf(peer).url()}${target}`, { method });
    return { status: response.status, retryAfter: response.headers.get('retry-after'), body: (await response.json()) as Operated['body'] };
  }
}

/** What a process that was refused has said to people; it has ended with 1. */
export async function refusalOf(process: TestProcess): Promise<string> {
  expect(await process.ended, process.said()).toBe(1);
  const sentences = process.said().split('\n').filter((line) => line.startsWith('meta-raft: '));
  expect(sentences, process.said()).toHaveLength(1);
  expect(process.said(), 'a bug would show where').not.toMatch(/^ {4}at /m);
  return sentences[0]!.slice('meta-raft: '.length);
}
