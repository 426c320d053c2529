import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RaftClass } from '../raft-peer.ts';

/** A line of libs/core/raft and what a mistake would have made of it. */
interface Patch {
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

const RAFT = join(import.meta.dirname, '../../../../core/raft/src');
const BASE = pathToFileURL(join(import.meta.dirname, '../../../../base/src/index.ts')).href;

/** Mistakes that implementations of Raft have had. Each is caught, or the simulation is blind for it. */
export const PLANTED_RAFT_BUGS: Readonly<Record<string, readonly Patch[]>> = {
  'the vote is not persisted': [
    { file: 'raft.ts', right: 'term: this.#term, votedFor: this.#votedFor, commitIndex: this.commitIndex };', wrong: 'term: this.#term, votedFor: 0, commitIndex: this.commitIndex };' },
    { file: 'raft.ts', right: 'return this.#term !== this.#durableState.term || this.#votedFor !== this.#durableState.votedFor;', wrong: 'return this.#term !== this.#durableState.term;' },
  ],
  'a vote asks for no log': [
    { file: 'raft.ts', right: 'const isGranted = isFree && this.#log.isCoveredBy(message);', wrong: 'const isGranted = isFree;' },
    { file: 'raft.ts', right: 'isGranted: this.#log.isCoveredBy(message) });', wrong: 'isGranted: true });' },
  ],
  'messages leave before the persist': [
    { file: 'raft.ts', right: 'this.#outstanding = this.#log.canApply', wrong: 'this.#outstanding = !this.#outbox.isEmpty ? { ...NOTHING, ...this.#outbox.take() } : this.#log.canApply' },
  ],
  'every append cuts the log': [
    { file: 'raft-log.ts', right: 'if (this.matches(entry.index, entry.term)) continue;', wrong: '' },
    { file: 'raft-log.ts', right: 'assert(entry.index > this.#commitIndex,', wrong: 'assert(true,' },
  ],
  'an append is accepted wherever it begins': [
    { file: 'following.ts', right: 'if (!this.#log.matches(prevIndex, prevTerm))', wrong: 'if (prevIndex > this.#log.lastIndex)' },
  ],
  'what another leader replaced counts as durable': [
    { file: 'raft-log.ts', right: 'entries.findLast(({ index, term }) => this.matches(index, term))', wrong: 'entries.at(-1)' },
  ],
  'a heartbeat commits what was never compared': [
    { file: 'following.ts', right: 'Math.min(commitIndex, matchIndex)', wrong: 'Math.min(commitIndex, this.#log.lastIndex)' },
  ],
  'half is a quorum': [
    { file: 'quorum.ts', right: 'return Math.floor(voterCount / 2) + 1;', wrong: 'return Math.floor(voterCount / 2);' },
  ],
  'the term is forgotten when a vote is kept': [
    { file: 'raft.ts', right: 'if (term !== this.#term) this.#votedFor = 0;', wrong: 'this.#votedFor = 0;' },
  ],
};

/** Raft with that mistake in its source. @throws Error when the line is not there, once: then the mistake wants another place */
export async function plantRaftBug(name: string): Promise<RaftClass> {
  const directory = mkdtempSync(join(tmpdir(), 'planted-raft-bug-'));
  try {
    mkdirSync(directory, { recursive: true });
    for (const file of readdirSync(RAFT).filter((each) => each.endsWith('.ts') && !each.endsWith('.test.ts'))) {
      const source = readFileSync(join(RAFT, file), 'utf8').replaceAll("'@varve/base'", `'${BASE}'`);
      const patches = PLANTED_RAFT_BUGS[name]!.filter((patch) => patch.file === file);
      writeFileSync(join(directory, file), patches.reduce(patched, source));
    }
    const planted = (await import(pathToFileURL(join(directory, 'index.ts')).href)) as { readonly Raft: RaftClass };
    return planted.Raft;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function patched(source: string, { file, right, wrong }: Patch): string {
  const parts = source.split(right);
  if (parts.length !== 2) throw new Error(`${file} has "${right}" ${parts.length - 1} times`);
  return parts.join(wrong);
}
