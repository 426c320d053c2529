import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RIGHT_RAFT, type RaftUnderTest } from '../raft-group.ts';
import type { MachineClass, RaftClass } from '../raft-peer.ts';
import { SessionMachine, type MachineState, type SessionAnswer, type SessionCommand } from '../session-machine.ts';

/** A line of libs/core/raft and what a mistake would have made of it. */
interface Patch {
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

/** A mistake in the core, or in what the log is applied to. */
interface PlantedBug {
  readonly patches?: readonly Patch[];
  readonly MachineClass?: MachineClass;
  /** A seed that has found it: where to look first. */
  readonly hint: number;
}

const RAFT = join(import.meta.dirname, '../../../../core/raft/src');
const BASE = pathToFileURL(join(import.meta.dirname, '../../../../base/src/index.ts')).href;

/** Mistakes that implementations of Raft have had. Each is caught, or the simulation is blind for it. */
export const PLANTED_RAFT_BUGS: Readonly<Record<string, PlantedBug>> = {
  // Elections.
  'the vote is not persisted': bug(1, [
    ['raft.ts', 'votedFor: this.#votedFor, commitIndex: this.commitIndex };', 'votedFor: 0, commitIndex: this.commitIndex };'],
    ['raft.ts', 'return this.#term !== this.#durableState.term || this.#votedFor !== this.#durableState.votedFor;', 'return this.#term !== this.#durableState.term;'],
  ]),
  'a vote asks for no log': bug(1, [
    ['raft.ts', 'const isGranted = isFree && this.#log.isCoveredBy(message);', 'const isGranted = isFree;'],
    ['raft.ts', 'const isGranted = this.#log.isCoveredBy(message);', 'const isGranted = true;'],
  ]),
  'the vote of a term is forgotten': bug(1, [['raft.ts', 'if (term !== this.#term) this.#votedFor = 0;', 'this.#votedFor = 0;']]),
  'half is a quorum': bug(1, [['quorum.ts', 'return Math.floor(voterCount / 2) + 1;', 'return Math.floor(voterCount / 2);']]),
  'its own vote counts before it is on disk': bug(63, [
    ['raft.ts', "this.#askVoters((to) => ({ kind: 'vote',", "this.#countVote(this.id, true);\n    this.#askVoters((to) => ({ kind: 'vote',"],
  ]),
  'answers to the pre-vote count as votes': bug(4, [
    ['raft.ts', "this.#votes = new Map();\n    this.#askVoters((to) => ({ kind: 'vote',", "this.#askVoters((to) => ({ kind: 'vote',"],
  ]),
  'votes of strangers count': bug(115, [
    ['quorum.ts', "if (hasQuorum(membership, (id) => votes.get(id) === true)) return 'won';", "if ([...votes.values()].filter(Boolean).length >= quorumOf(membership.voters.length)) return 'won';"],
  ]),
  'asking who would vote raises the term': bug(4, [["raft.ts", "this.#role = 'preCandidate';", "this.#role = 'preCandidate';\n    this.#term += 1;"]]),
  'who hears a leader votes for another': bug(1, [
    ['raft.ts', 'return this.#leaderId !== 0 && this.#electionTimer.isWithinLease;', 'return false;'],
  ]),
  'a leader without a quorum leads on': bug(1, [['raft.ts', 'if (!reign.takeIsQuorumActive()) this.#becomeFollower(this.#term);', '']]),
  'a leader whose term is over is followed': bug(2, [['raft.ts', 'else if (message.term < this.#term) this.#onTermPassed(message);', 'else if (false) this.#onTermPassed(message);']]),
  'who cannot lead hears its last leader for ever': bug(1195, [
    ['raft.ts', 'this.#leaderId = 0;\n    if (!this.#canLead()) return;', 'if (!this.#canLead()) return;\n    this.#leaderId = 0;'],
  ]),

  // Log and commit.
  'an entry of an earlier term is committed by count': bug(1, [['reign.ts', ' && this.#log.termAt(index) === this.#term ? index : 0', ' ? index : 0']]),
  'what is not committed is applied': bug(1, [
    ['raft-log.ts', 'return Math.min(this.#commitIndex, this.#durableIndex) > this.#appliedIndex;', 'return this.#durableIndex > this.#appliedIndex;'],
    ['raft-log.ts', 'this.between(this.#appliedIndex, Math.min(this.#commitIndex, this.#durableIndex))', 'this.between(this.#appliedIndex, this.#durableIndex)'],
  ]),
  'messages leave before the persist': bug(1, [
    ['raft.ts', 'this.#outstanding = this.#log.canApply', 'this.#outstanding = !this.#outbox.isEmpty ? { ...NOTHING, ...this.#outbox.take() } : this.#log.canApply'],
  ]),
  'the leader counts what is not on its disk': bug(1, [['followers.ts', 'if (id === this.#self) return this.#log.durableIndex;', 'if (id === this.#self) return this.#log.lastIndex;']]),
  'every append cuts the log': bug(1, [
    ['raft-log.ts', 'if (this.matches(entry.index, entry.term)) continue;', ''],
    ['raft-log.ts', 'assert(entry.index > this.#commitIndex,', 'assert(true,'],
  ]),
  'an append is accepted wherever it begins': bug(1, [['following.ts', 'if (!this.#log.matches(prevIndex, prevTerm))', 'if (prevIndex > this.#log.lastIndex)']]),
  'what another leader replaced counts as durable': bug(116, [
    ['raft-log.ts', 'entries.findLast(({ index, term }) => this.matches(index, term))', 'entries.at(-1)'],
  ]),
  'a heartbeat commits what was never compared': bug(1, [['following.ts', 'Math.min(commitIndex, matchIndex)', 'Math.min(commitIndex, this.#log.lastIndex)']]),
  'a rejected append is sent again as it was': bug(1, [
    ['progress.ts', 'Math.min(prevIndex - 1, log.lastPossibleMatch(hintIndex, hintTerm))', 'prevIndex'],
  ]),
  'appends under way are not counted': bug(2, [['progress.ts', 'return this.#inFlight.length < (', 'return -1 < (']]),
  'entries that wait for a quorum are not counted': bug(1, [['reign.ts', '> this.#config.uncommittedSizeBytesMax)', '> Infinity)']]),

  // Snapshots and damage.
  'a snapshot has no membership': bug(22, [['raft-log.ts', 'this.#memberships = [{ index, membership }];', 'this.#memberships = [{ ...this.#memberships.at(-1)!, index }];']]),
  'a snapshot replaces a newer log': bug(207, [
    ['raft-log.ts', 'const isSame = this.matches(index, term);', 'const isSame = false;'],
    ['following.ts', 'if (index > this.#log.commitIndex && !this.#log.matches(index, indexTerm)) {', 'if (index > this.#log.appliedIndex) {'],
  ]),
  'a damaged log votes as if it were whole': bug(332, [
    ['raft-log.ts', 'return isCovered(this, end) && (this.#damagedEnd === undefined || isCovered(this.#damagedEnd, end));', 'return isCovered(this, end);'],
  ]),
  'a damaged log leads': bug(112, [['raft.ts', ' && !this.isRecovering', '']]),
  'damage is forgotten at once': bug(8, [['raft-log.ts', 'return isCovered(this.#damagedEnd, { lastIndex: this.#durableIndex, lastTerm: this.termAt(this.#durableIndex) });', 'return true;']]),
  'a leader believes what a damaged follower had': bug(197, [['progress.ts', 'if (isRecovering) this.#matchIndex = Math.min(this.#matchIndex, hintIndex);', '']]),

  // Membership.
  'a change begins while another is under way': bug(4, [
    ['reign.ts', "if (this.#membershipState !== 'settled') return { kind: 'pending' };", ''],
    ['membership.ts', "assert(!isJoint(current), 'a membership is changed while a change is under way');", ''],
  ]),
  'a change begins before anything of the term is committed': bug(4, [['reign.ts', '!this.#hasCommitted || this.#log.membershipIndex', 'this.#log.membershipIndex']]),
  'a learner counts for a quorum': bug(2, [['quorum.ts', ': [membership.voters];', ': [[...membership.voters, ...membership.learners]];']]),
  'a joint quorum asks the new voters only': bug(18, [['quorum.ts', '? [membership.voters, membership.outgoing] :', '? [membership.voters] :']]),
  'voters change without a joint membership': bug(7, [['membership.ts', "const outgoing = voters.join() === current.voters.join() ? [] : current.voters;", 'const outgoing: readonly number[] = [];']]),
  'commits are counted by the committed membership': bug(8, [
    ['followers.ts', 'return quorumIndex(this.#log.membership, (id) => this.#indexOf(id));', 'return quorumIndex(this.#log.membershipAt(this.#log.commitIndex), (id) => (this.#progress.has(id) || id === this.#self ? this.#indexOf(id) : 0));'],
  ]),
  'who was removed is still counted': bug(11, [
    ['followers.ts', 'if (!isMember(membership, id)) this.#progress.delete(id);', 'if (!isMember(membership, id)) continue;'],
    ['followers.ts', 'return quorumIndex(this.#log.membership, (id) => this.#indexOf(id));', 'const voters = [this.#self, ...this.#progress.keys()].filter((id) => !this.#log.membership.learners.includes(id));\n    return quorumIndex({ ...this.#log.membership, voters }, (id) => this.#indexOf(id));'],
  ]),
  'a membership that was cut off still holds': bug(42, [['raft-log.ts', 'this.#memberships = this.#memberships.filter((place) => place.index < index);', '']]),
  'a new leader forgets that a change is joint': bug(7, [['reign.ts', "if (this.#membershipState === 'joint')", "if (this.#membershipState === 'joint' && this.#log.membershipIndex > this.#log.compactedIndex && this.#log.termAt(this.#log.membershipIndex) === this.#term)"]]),

  // Transfer and reads.
  'leadership is handed over to who lags': bug(1, [['reign.ts', 'if (to !== undefined && this.#followers.hasWholeLog(to))', 'if (to !== undefined)']]),
  'a vote for a transfer asks for no log': bug(1, [
    ['raft.ts', 'const isGranted = isFree && this.#log.isCoveredBy(message);', 'const isGranted = isFree && (message.isTransfer || this.#log.isCoveredBy(message));'],
    ['reign.ts', 'if (to !== undefined && this.#followers.hasWholeLog(to))', 'if (to !== undefined)'],
  ]),
  'a read is served without asking a quorum': bug(1, [['reign.ts', 'this.#reads.take(this.#followers.quorumRound())', 'this.#reads.take(Infinity)']]),
  'a read counts the answers of the round before': bug(388, [['read-rounds.ts', 'number <= confirmedRound)', 'number <= confirmedRound + 1)']]),
  'a new leader reads before its first entry is committed': bug(1, [['reign.ts', 'if (this.#reads.hasWaiting && this.#hasCommitted)', 'if (this.#reads.hasWaiting)']]),
  'a follower reads what it has': bug(1, [
    ['raft.ts', "if (this.#leaderId === 0) return 'noLeader';", "if (this.#leaderId !== this.id) {\n      this.#outbox.confirm({ read, index: this.commitIndex });\n      return 'taken';\n    }"],
  ]),

  // What the log is applied to.
  'a repeated command is done again': {
    hint: 1,
    MachineClass: class extends SessionMachine {
      override apply(command: SessionCommand): SessionAnswer {
        const isKnown = this.seqOf(command.client) >= command.seq;
        return isKnown ? new SessionMachine({ ...this.state, sessions: new Map() }).apply(command) : super.apply(command);
      }
    },
  },
  'a snapshot has no sessions': {
    hint: 1,
    MachineClass: class extends SessionMachine {
      override get state(): MachineState {
        return { ...super.state, sessions: new Map() };
      }
    },
  },
};

/** What is under test with that mistake. @throws Error when the line is not there, once: then the mistake wants another place */
export async function plantRaftBug(name: string): Promise<RaftUnderTest> {
  const { patches = [], MachineClass = SessionMachine } = PLANTED_RAFT_BUGS[name]!;
  if (patches.length === 0) return { ...RIGHT_RAFT, MachineClass };
  const directory = mkdtempSync(join(tmpdir(), 'planted-raft-bug-'));
  try {
    mkdirSync(directory, { recursive: true });
    for (const file of readdirSync(RAFT).filter((each) => each.endsWith('.ts') && !each.endsWith('.test.ts'))) {
      const source = readFileSync(join(RAFT, file), 'utf8').replaceAll("'@varve/base'", `'${BASE}'`);
      writeFileSync(join(directory, file), patches.filter((patch) => patch.file === file).reduce(patched, source));
    }
    const planted = (await import(pathToFileURL(join(directory, 'index.ts')).href)) as { readonly Raft: RaftClass };
    return { MachineClass, RaftClass: planted.Raft };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function bug(hint: number, patches: readonly (readonly [file: string, right: string, wrong: string])[]): PlantedBug {
  return { hint, patches: patches.map(([file, right, wrong]) => ({ file, right, wrong })) };
}

function patched(source: string, { file, right, wrong }: Patch): string {
  const parts = source.split(right);
  if (parts.length !== 2) throw new Error(`${file} has "${right}" ${parts.length - 1} times`);
  return parts.join(wrong);
}
