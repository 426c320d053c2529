import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runScript, type ScriptCommand } from '@varve/testkit';
import { expect, test } from 'vitest';
import { decodeRaftMessage, encodeRaftMessage } from './message-codec.ts';
import type { RaftMessage } from './message.ts';
import { ENTRY_KINDS, type Entry } from './raft-log.ts';
import { Raft } from './raft.ts';
import type { NeededSnapshot, Ready, StoredState } from './ready.ts';
import { raftConfig } from './testing/raft-config.ts';

// Each script in testdata/group drives several peers and the network between them. `work` lets peers do what their Ready
// says; what they send waits until `deliver` or `settle` brings it over, first in, first out. Election timeouts are fixed:
// 10 ticks for peer 1, 11 for 2, and so on. `lead` elects a peer without telling how. Every message goes through its bytes.
const SCRIPTS = join(import.meta.dirname, 'testdata', 'group');

interface Peer {
  raft: Raft;
  disk: StoredState;
  snapshotIndex: number;
  needed: NeededSnapshot | undefined;
  isDown: boolean;
}

class Group {
  readonly #peers = new Map<number, Peer>();
  #network: RaftMessage[] = [];
  /** `from>to`. */
  readonly #cut = new Set<string>();

  execute({ name, args, input }: ScriptCommand): string {
    const numbers = args.map(Number);
    const id = numbers[0]!;
    switch (name) {
      case 'group':
        this.#cut.clear();
        return this.#found(id, input);
      case 'tick':
        for (let count = 0; count < (numbers[1] ?? 1); count += 1) this.#peer(id).raft.tick();
        return this.#state(id);
      case 'campaign':
        this.#peer(id).raft.campaign();
        return this.#state(id);
      case 'lead':
        this.#peer(id).raft.campaign();
        this.#settle();
        return this.execute({ name: 'state', args: [], input: '' });
      case 'propose': {
        const outcome = this.#peer(id).raft.propose(new TextEncoder().encode(textOf(args[1]!)));
        return outcome.kind === 'accepted' ? `at ${outcome.term}:${outcome.index}` : outcome.kind;
      }
      case 'work':
        return this.#ids(numbers).flatMap((each) => this.#work(each)).join('\n');
      case 'deliver':
        return this.#deliver(numbers).join('\n');
      case 'settle':
        return this.#settle();
      case 'step':
        return this.#peer(id).raft.step(messageOf(id, input));
      case 'lose':
        this.#network = this.#network.filter(({ to }) => numbers.length > 0 && !numbers.includes(to));
        return `${this.#network.length} under way`;
      case 'cut':
        for (const way of args) this.#cut.add(way);
        return [...this.#cut].join(' ');
      case 'heal':
        this.#cut.clear();
        return '';
      case 'crash':
        this.#peer(id).isDown = true;
        return '';
      case 'restart':
        this.#start(id);
        return this.#state(id);
      case 'compact':
        return this.#compact(id, numbers[1]!);
      case 'install':
        return this.#install(id);
      case 'state':
        return this.#ids(numbers).map((each) => this.#state(each)).join('\n');
      default:
        throw new Error(`no command "${name}"`);
    }
  }

  /** Input: a line per peer that does not begin empty: `id term=… votedFor=… commit=…`, then entries as term:index. */
  #found(count: number, input: string): string {
    const lines = new Map(input.split('\n').map((line) => [Number(line.split(' ')[0]), line]));
    for (let id = 1; id <= count; id += 1) {
      const disk = diskOf(lines.get(id) ?? '');
      this.#peers.set(id, { raft: undefined as unknown as Raft, disk, snapshotIndex: 0, needed: undefined, isDown: false });
    }
    for (const id of this.#peers.keys()) this.#start(id);
    return this.execute({ name: 'state', args: [], input: '' });
  }

  #start(id: number): void {
    const peer = this.#peer(id);
    const voters = [...this.#peers.keys()];
    Object.assign(peer, { raft: new Raft(raftConfig(id, voters), peer.disk, peer.snapshotIndex), needed: undefined, isDown: false });
  }

  #peer(id: number): Peer {
    return this.#peers.get(id)!;
  }

  #ids(some: readonly number[]): readonly number[] {
    const ids = some.length > 0 ? some : [...this.#peers.keys()];
    return ids.filter((id) => !this.#peer(id).isDown);
  }

  #work(id: number): readonly string[] {
    const peer = this.#peer(id);
    const lines: string[] = [];
    for (let ready = peer.raft.takeReady(); ready !== undefined; ready = peer.raft.takeReady()) {
      persist(peer, ready);
      this.#network.push(...ready.messages);
      peer.needed = ready.snapshot ?? peer.needed;
      lines.push(...readyText(ready).map((line) => `${id} ${line}`));
      peer.raft.advance(ready);
    }
    return lines;
  }

  #deliver(only: readonly number[]): readonly string[] {
    const due = this.#network.filter(({ to }) => only.length === 0 || only.includes(to));
    this.#network = this.#network.filter((message) => !due.includes(message));
    return due.map((message) => this.#deliverOne(message));
  }

  #deliverOne(message: RaftMessage): string {
    const way = `${message.from}>${message.to}`;
    const peer = this.#peer(message.to);
    if (this.#cut.has(way) || peer.isDown) return `${messageText(message)} lost`;
    peer.raft.step(decodeRaftMessage(encodeRaftMessage(message)));
    return messageText(message);
  }

  /** Until nobody has anything to do or to say. */
  #settle(): string {
    const lines: string[] = [];
    for (;;) {
      const round = [...this.#ids([]).flatMap((id) => this.#work(id)), ...this.#deliver([])];
      if (round.length === 0) break;
      lines.push(...round);
      if (lines.length > 500) throw new Error('does not settle');
    }
    return [...lines, ...this.#ids([]).map((id) => this.#state(id))].join('\n');
  }

  #compact(id: number, index: number): string {
    const peer = this.#peer(id);
    peer.disk = compacted(peer.disk, index, peer.raft.termAt(index));
    peer.snapshotIndex = index;
    peer.raft.compact(index);
    return this.#state(id);
  }

  /** The peer takes over what the other one has applied. */
  #install(id: number): string {
    const peer = this.#peer(id);
    const source = this.#peer(peer.needed!.from).raft;
    const [index, term] = [source.appliedIndex, source.termAt(source.appliedIndex)];
    peer.disk = compacted(peer.disk, index, term);
    peer.snapshotIndex = index;
    peer.needed = undefined;
    peer.raft.restore({ index, term });
    return this.#state(id);
  }

  #state(id: number): string {
    const { role, term, leaderId, commitIndex, appliedIndex, compactedIndex, lastIndex } = this.#peer(id).raft;
    const log = Array.from({ length: lastIndex - compactedIndex }, (_, at) => this.#peer(id).raft.termAt(compactedIndex + 1 + at));
    const compactedText = compactedIndex === 0 ? '' : `${compactedIndex}>`;
    return `> ${id} ${role} term=${term} leader=${leaderId} commit=${commitIndex} applied=${appliedIndex} log=${compactedText}${log.join('')}`;
  }
}

/** `x*100` is a hundred of them. */
function textOf(text: string): string {
  const [, letter, count] = /^(.)\*(\d+)$/.exec(text) ?? [];
  return letter === undefined ? text : letter.repeat(Number(count));
}

function diskOf(line: string): StoredState {
  const [term = 0, votedFor = 0, commitIndex = 0] = [...line.matchAll(/=(\d+)/g)].map(([, digits]) => Number(digits));
  const entries = [...line.matchAll(/(\d+):(\d+)/g)].map(([, entryTerm, index]) => entryAt(Number(index), Number(entryTerm)));
  return { hardState: { term, votedFor, commitIndex }, entries, compactedIndex: 0, compactedTerm: 0 };
}

function persist(peer: Peer, { hardState, entries }: Ready): void {
  const kept = peer.disk.entries.filter(({ index }) => index < (entries[0]?.index ?? Infinity));
  peer.disk = { ...peer.disk, hardState: hardState ?? peer.disk.hardState, entries: [...kept, ...entries] };
}

/** Entries above stay if they follow the same entry. */
function compacted(disk: StoredState, index: number, term: number): StoredState {
  const isSame = disk.entries.some((entry) => entry.index === index && entry.term === term);
  const entries = isSame ? disk.entries.filter((entry) => entry.index > index) : [];
  return { ...disk, entries, compactedIndex: index, compactedTerm: term };
}

function entryAt(index: number, term: number): Entry {
  return { index, term, kind: ENTRY_KINDS.noOp, payload: new Uint8Array(0) };
}

/** Input: `kind from term`, then the fields of the kind as name=number, then entries as term:index. */
function messageOf(to: number, input: string): RaftMessage {
  const [kind, from, term] = input.split(' ');
  const fields = Object.fromEntries([...input.matchAll(/(\w+)=(\d+)/g)].map(([, name, value]) => [name, Number(value)]));
  const entries = [...input.matchAll(/(\d+):(\d+)/g)].map(([, entryTerm, index]) => entryAt(Number(index), Number(entryTerm)));
  const lists = kind === 'append' ? { entries } : {};
  return { kind, from: Number(from), to, term: Number(term), ...fields, ...lists } as RaftMessage;
}

function readyText({ hardState, entries, committed, snapshot }: Ready): readonly string[] {
  const lines = [
    hardState === undefined ? '' : `persists term=${hardState.term} votedFor=${hardState.votedFor} commit=${hardState.commitIndex}`,
    entries.length === 0 ? '' : `persists ${entries.map(entryText).join(' ')}`,
    committed.length === 0 ? '' : `applies ${committed.map(entryText).join(' ')}`,
    snapshot === undefined ? '' : `needs a snapshot through ${snapshot.index} from ${snapshot.from}`,
  ];
  return lines.filter(Boolean);
}

function messageText(message: RaftMessage): string {
  const { kind, from, to, term } = message;
  const head = `${from}→${to} ${kind} ${term}`;
  switch (kind) {
    case 'preVote':
    case 'vote':
      return `${head} last=${message.lastTerm}:${message.lastIndex}`;
    case 'preVoteReply':
    case 'voteReply':
      return `${head} ${message.isGranted ? 'yes' : 'no'}`;
    case 'append':
      return `${head} after ${message.prevTerm}:${message.prevIndex} [${message.entries.map(entryText).join(' ')}] commit=${message.commitIndex}`;
    case 'appendAccepted':
      return `${head} match=${message.matchIndex}`;
    case 'appendRejected':
      return `${head} not after ${message.prevIndex}, try ${message.hintTerm}:${message.hintIndex}`;
    case 'snapshotOffer':
      return `${head} through ${message.indexTerm}:${message.index}`;
    case 'termPassed':
      return head;
  }
}

function entryText({ index, term, kind, payload }: Entry): string {
  return `${term}:${index}${kind === ENTRY_KINDS.noOp ? '' : `(${shortText(payload)})`}`;
}

function shortText(payload: Uint8Array): string {
  const text = new TextDecoder().decode(payload);
  return text.length <= 10 ? text : `${text[0]}*${text.length}`;
}

test.each(readdirSync(SCRIPTS))('%s', (file) => {
  const group = new Group();
  const { actual, expected } = runScript(readFileSync(join(SCRIPTS, file), 'utf8'), (command) => group.execute(command));
  expect(actual).toBe(expected);
});
