import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runScript, type ScriptCommand } from '@varve/testkit';
import { expect, test } from 'vitest';
import { foundingMembership } from './membership.ts';
import { ENTRY_KINDS, type Entry } from './entry.ts';
import { Raft } from './raft.ts';
import type { Ready, StoredState } from './ready.ts';
import { raftConfig } from './testing/raft-config.ts';

// Each script in testdata drives one peer, its disk and its caller. `ready` takes a Ready and shows it, `persist` does
// what it says to the disk, `advance` hands it back; `crash` starts the peer anew from the disk. `>` marks the state after a step.
const SCRIPTS = join(import.meta.dirname, 'testdata');
const ALONE = raftConfig(1);

class Peer {
  disk: StoredState = {
    hardState: { term: 0, votedFor: 0, commitIndex: 0 },
    entries: [],
    compactedIndex: 0,
    compactedTerm: 0,
    membership: foundingMembership([1]),
  };
  snapshotIndex = 0;
  raft = new Raft(ALONE, this.disk, 0);
  ready: Ready | undefined;

  execute({ name, args, input }: ScriptCommand): string {
    switch (name) {
      case 'start':
        return this.#start(input);
      case 'campaign':
        this.raft.campaign();
        return this.#state();
      case 'propose': {
        const outcome = this.raft.propose(new TextEncoder().encode(args.join(' ')));
        return outcome.kind === 'accepted' ? `at ${outcome.term}:${outcome.index}` : outcome.kind;
      }
      case 'ready':
        this.ready = this.raft.takeReady();
        return this.ready === undefined ? 'nothing' : readyText(this.ready);
      case 'persist':
        this.#persist(this.ready!);
        return diskText(this.disk);
      case 'advance':
        this.raft.advance(this.ready!);
        return this.#state();
      case 'settle':
        return this.#settle();
      case 'snapshot':
        return this.#snapshot(Number(args[0]));
      case 'crash':
        this.raft = new Raft(ALONE, this.disk, this.snapshotIndex);
        return this.#state();
      default:
        throw new Error(`no command "${name}"`);
    }
  }

  /** Input: `term=… votedFor=… commit=…`, then entries as term:index. */
  #start(input: string): string {
    const [head = '', ...entries] = input.split('\n');
    const [term, votedFor, commitIndex] = [...head.matchAll(/=(\d+)/g)].map(([, digits]) => Number(digits)) as [
      number,
      number,
      number,
    ];
    this.disk = {
      ...this.disk,
      hardState: { term, votedFor, commitIndex },
      entries: entries.join(' ').split(' ').filter(Boolean).map(entryOf),
    };
    return this.execute({ name: 'crash', args: [], input: '' });
  }

  /** Does all there is to do; shows what was applied. */
  #settle(): string {
    const applied: Entry[] = [];
    for (let ready = this.raft.takeReady(); ready !== undefined; ready = this.raft.takeReady()) {
      this.#persist(ready);
      applied.push(...ready.committed);
      this.raft.advance(ready);
    }
    return [`apply ${applied.map(entryText).join(' ')}`.trim(), this.#state()].join('\n');
  }

  #snapshot(index: number): string {
    const entries = this.disk.entries.filter((entry) => entry.index > index);
    const compactedTerm = this.disk.entries.find((entry) => entry.index === index)!.term;
    this.raft.compact(index);
    this.snapshotIndex = index;
    this.disk = { ...this.disk, entries, compactedIndex: index, compactedTerm };
    return diskText(this.disk);
  }

  #persist({ hardState, entries }: Ready): void {
    const kept = this.disk.entries.filter(({ index }) => index < (entries[0]?.index ?? Infinity));
    this.disk = { ...this.disk, hardState: hardState ?? this.disk.hardState, entries: [...kept, ...entries] };
  }

  #state(): string {
    const { role, term, commitIndex, appliedIndex, lastIndex } = this.raft;
    return `> ${role} term=${term} commit=${commitIndex} applied=${appliedIndex} last=${lastIndex}`;
  }
}

function readyText({ hardState, entries, committed }: Ready): string {
  const lines = [
    hardState === undefined
      ? ''
      : `persist term=${hardState.term} votedFor=${hardState.votedFor} commit=${hardState.commitIndex}`,
    entries.length === 0 ? '' : `persist ${entries.map(entryText).join(' ')}`,
    committed.length === 0 ? '' : `apply ${committed.map(entryText).join(' ')}`,
  ];
  return lines.filter(Boolean).join('\n');
}

function diskText({ hardState, entries, compactedIndex }: StoredState): string {
  const { term, votedFor, commitIndex } = hardState;
  return `disk term=${term} votedFor=${votedFor} commit=${commitIndex} compacted=${compactedIndex} ${entries.map(entryText).join(' ')}`.trim();
}

function entryText({ index, term, kind, payload }: Entry): string {
  return `${term}:${index}${kind === ENTRY_KINDS.noOp ? '' : `(${new TextDecoder().decode(payload)})`}`;
}

function entryOf(text: string): Entry {
  const [, term, index, payload = ''] = /^(\d+):(\d+)(?:\((.*)\))?$/.exec(text)!;
  return {
    index: Number(index),
    term: Number(term),
    kind: payload === '' ? ENTRY_KINDS.noOp : ENTRY_KINDS.command,
    payload: new TextEncoder().encode(payload),
  };
}

test.each(readdirSync(SCRIPTS).filter((file) => file.endsWith('.txt')))('%s', (file) => {
  const peer = new Peer();
  const { actual, expected } = runScript(readFileSync(join(SCRIPTS, file), 'utf8'), (command) => peer.execute(command));
  expect(actual).toBe(expected);
});
