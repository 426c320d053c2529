import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runScript, type ScriptCommand } from '@varve/testkit';
import { expect, test } from 'vitest';
import { decodeRaftMessage, encodeRaftMessage } from './message-codec.ts';
import { decodeMembership, EMPTY_MEMBERSHIP, foundingMembership, type Membership } from './membership.ts';
import type { RaftMessage } from './message.ts';
import { ENTRY_KINDS, type Entry } from './entry.ts';
import { Raft } from './raft.ts';
import type { FollowerStatus, MembershipOutcome, NeededSnapshot, ProposalOutcome, Ready, StoredState, TransferOutcome } from './ready.ts';
import { raftConfig } from './testing/raft-config.ts';

// Each script in testdata/group drives several peers and the network between them. `work` lets peers do what their Ready
// says; what they send waits until `deliver` or `settle` brings it over, first in, first out. Election timeouts are fixed:
// 10 ticks for peer 1, 11 for 2, and so on. `lead` elects a peer and `rest` settles without telling how. Every message goes through its bytes.
// REWRITE=file.txt writes the answers into that script, to be read before they are believed.
// `group 3 2` has the voters 1 to 3, and blank peers 4 and 5 that nobody has told anything yet.
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
        return this.#found(id, numbers[1] ?? 0, input);
      case 'tick':
        for (let count = 0; count < (numbers[1] ?? 1); count += 1) this.#peer(id).raft.tick();
        return this.#state(id);
      case 'campaign':
        this.#peer(id).raft.campaign();
        return this.#state(id);
      case 'lead':
        this.#peer(id).raft.campaign();
        return this.execute({ name: 'rest', args: [], input: '' });
      case 'rest':
        this.#settle();
        return this.#ids([]).map((each) => this.#state(each)).join('\n');
      case 'propose':
        return outcomeText(this.#peer(id).raft.propose(new TextEncoder().encode(textOf(args[1]!))));
      case 'change':
        return outcomeText(this.#peer(id).raft.changeMembership({ voters: listOf(args[1]!), learners: listOf(args[2] ?? '') }));
      case 'transfer':
        return outcomeText(this.#peer(id).raft.transfer(numbers[1]!));
      case 'read':
        return this.#peer(id).raft.read(numbers[1]!);
      case 'followers':
        return this.#peer(id).raft.followers().map(followerText).join('\n');
      case 'members':
        return this.#ids(numbers).map((each) => `> ${each} ${membershipText(this.#peer(each).raft.membership)}`).join('\n');
      case 'damage':
        return this.#damage(id, numbers[1]!);
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
  #found(count: number, blankCount: number, input: string): string {
    this.#peers.clear();
    const lines = new Map(input.split('\n').map((line) => [Number(line.split(' ')[0]), line]));
    const founding = foundingMembership(Array.from({ length: count }, (_, at) => at + 1));
    for (let id = 1; id <= count + blankCount; id += 1) {
      const disk = diskOf(lines.get(id) ?? '', id <= count ? founding : EMPTY_MEMBERSHIP);
      this.#peers.set(id, { raft: undefined as unknown as Raft, disk, snapshotIndex: 0, needed: undefined, isDown: false });
    }
    for (const id of this.#peers.keys()) this.#start(id);
    return this.execute({ name: 'state', args: [], input: '' });
  }

  #start(id: number): void {
    const peer = this.#peer(id);
    Object.assign(peer, { raft: new Raft(raftConfig(id), peer.disk, peer.snapshotIndex), needed: undefined, isDown: false });
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
      this.#network.push(...ready.appends, ...ready.messages);
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
    const peer = this.#peers.get(message.to);
    if (peer === undefined || this.#cut.has(way) || peer.isDown) return `${messageText(message)} lost`;
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
    peer.disk = compacted(peer.disk, { index, term: peer.raft.termAt(index), membership: peer.raft.membershipAt(index) });
    peer.snapshotIndex = index;
    peer.raft.compact(index);
    return this.#state(id);
  }

  /** The peer takes over what the other one has applied. */
  #install(id: number): string {
    const peer = this.#peer(id);
    const source = this.#peer(peer.needed!.from).raft;
    const index = source.appliedIndex;
    const end = { index, term: source.termAt(index), membership: source.membershipAt(index) };
    peer.disk = compacted(peer.disk, end);
    peer.snapshotIndex = index;
    peer.needed = undefined;
    peer.raft.restore(end);
    return this.#state(id);
  }

  /** Its disk cannot read the entries from this one on any more; it starts again. */
  #damage(id: number, fromIndex: number): string {
    const peer = this.#peer(id);
    const { entries, compactedIndex, compactedTerm } = peer.disk;
    const damage = { lastIndex: entries.at(-1)?.index ?? compactedIndex, lastTerm: entries.at(-1)?.term ?? compactedTerm };
    peer.disk = { ...peer.disk, damage, entries: entries.filter(({ index }) => index < fromIndex) };
    this.#start(id);
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

function listOf(text: string): readonly number[] {
  return text.split(',').filter((each) => each !== '' && each !== '-').map(Number);
}

function diskOf(line: string, membership: Membership): StoredState {
  const [term = 0, votedFor = 0, commitIndex = 0] = [...line.matchAll(/=(\d+)/g)].map(([, digits]) => Number(digits));
  const entries = [...line.matchAll(/(\d+):(\d+)/g)].map(([, entryTerm, index]) => entryAt(Number(index), Number(entryTerm)));
  return { hardState: { term, votedFor, commitIndex }, entries, compactedIndex: 0, compactedTerm: 0, membership };
}

function persist(peer: Peer, { hardState, entries, isRecovered }: Ready): void {
  if (isRecovered) peer.disk = { ...peer.disk, damage: undefined };
  const kept = peer.disk.entries.filter(({ index }) => index < (entries[0]?.index ?? Infinity));
  peer.disk = { ...peer.disk, hardState: hardState ?? peer.disk.hardState, entries: [...kept, ...entries] };
}

/** Entries above stay if they follow the same entry. */
function compacted(disk: StoredState, { index, term, membership }: { readonly index: number; readonly term: number; readonly membership: Membership }): StoredState {
  const isSame = disk.entries.some((entry) => entry.index === index && entry.term === term);
  const entries = isSame ? disk.entries.filter((entry) => entry.index > index) : [];
  return { ...disk, entries, compactedIndex: index, compactedTerm: term, membership };
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
  const usual = { round: 0, membershipIndex: 0, isTransfer: false, isRecovering: false };
  return { kind, from: Number(from), to, term: Number(term), ...usual, ...fields, ...lists } as RaftMessage;
}

function readyText({ hardState, entries, committed, reads, snapshot, isRecovered }: Ready): readonly string[] {
  const lines = [
    hardState === undefined ? '' : `persists term=${hardState.term} votedFor=${hardState.votedFor} commit=${hardState.commitIndex}`,
    entries.length === 0 ? '' : `persists ${entries.map(entryText).join(' ')}`,
    committed.length === 0 ? '' : `applies ${committed.map(entryText).join(' ')}`,
    ...reads.map(({ read, index }) => `answers read ${read} at ${index}`),
    isRecovered ? 'has recovered' : '',
    snapshot === undefined ? '' : `needs a snapshot through ${snapshot.index} from ${snapshot.from}`,
  ];
  return lines.filter(Boolean);
}

function messageText(message: RaftMessage): string {
  const { kind, from, to, term } = message;
  return [`${from}→${to} ${kind} ${term}`, ...detailsOf(message)].filter(Boolean).join(' ');
}

function detailsOf(message: RaftMessage): readonly string[] {
  const round = 'round' in message && message.round > 0 ? `round=${message.round}` : '';
  switch (message.kind) {
    case 'preVote':
      return [`last=${message.lastTerm}:${message.lastIndex}`];
    case 'vote':
      return [`last=${message.lastTerm}:${message.lastIndex}`, message.isTransfer ? 'as the leader wishes' : ''];
    case 'preVoteReply':
    case 'voteReply':
      return [message.isGranted ? 'yes' : 'no'];
    case 'append':
      return [`after ${message.prevTerm}:${message.prevIndex} [${message.entries.map(entryText).join(' ')}] commit=${message.commitIndex}`, round];
    case 'appendAccepted':
      return [`match=${message.matchIndex}`, round];
    case 'appendRejected':
      return [`not after ${message.prevIndex}, try ${message.hintTerm}:${message.hintIndex}`, message.isRecovering ? 'recovering' : '', round];
    case 'snapshotOffer':
      return [`through ${message.indexTerm}:${message.index}`, round];
    case 'readRequest':
      return [`of ${message.read}`];
    case 'readReply':
      return [`of ${message.read} at ${message.index}`];
    case 'removed':
      return [`by ${message.membershipIndex}`];
    case 'timeoutNow':
    case 'termPassed':
      return [];
  }
}

function outcomeText(outcome: ProposalOutcome | MembershipOutcome | TransferOutcome): string {
  if (outcome.kind === 'accepted') return `at ${outcome.term}:${outcome.index}`;
  return outcome.kind === 'invalid' ? `invalid: ${outcome.reason}` : outcome.kind;
}

function membershipText({ voters, outgoing, learners }: Membership): string {
  const learnersText = learners.length === 0 ? '' : ` learners=${learners.join()}`;
  return `voters=${voters.join()}${outgoing.length === 0 ? '' : `&${outgoing.join()}`}${learnersText}`;
}

function followerText({ id, matchIndex, nextIndex, state, isActive, isLearner }: FollowerStatus): string {
  return `${id} ${isLearner ? 'learner' : 'voter'} ${state} match=${matchIndex} next=${nextIndex}${isActive ? '' : ' silent'}`;
}

function entryText({ index, term, kind, payload }: Entry): string {
  if (kind === ENTRY_KINDS.membership) return `${term}:${index}(${membershipText(decodeMembership(payload))})`;
  return `${term}:${index}${kind === ENTRY_KINDS.noOp ? '' : `(${shortText(payload)})`}`;
}

function shortText(payload: Uint8Array): string {
  const text = new TextDecoder().decode(payload);
  return text.length <= 10 ? text : `${text[0]}*${text.length}`;
}

test.each(readdirSync(SCRIPTS))('%s', (file) => {
  const group = new Group();
  const { actual, expected } = runScript(readFileSync(join(SCRIPTS, file), 'utf8'), (command) => group.execute(command));
  if (process.env['REWRITE'] === file) writeFileSync(join(SCRIPTS, file), actual);
  expect(actual).toBe(expected);
});
