import type { Membership } from '@varve/raft';

/** Whether these voters can decide: more than half, and while a change is joint more than half of those left as well. */
export function isQuorum({ voters, outgoing }: Pick<Membership, 'voters' | 'outgoing'>, has: (id: number) => boolean): boolean {
  return isMajority(voters, has) && (outgoing.length === 0 || isMajority(outgoing, has));
}

function isMajority(voters: readonly number[], has: (id: number) => boolean): boolean {
  let count = 0;
  for (const voter of voters) if (has(voter)) count += 1;
  return 2 * count > voters.length;
}

/** Whether each quorum of one has a voter in each quorum of the other. */
export function doQuorumsIntersect(left: Membership, right: Membership): boolean {
  const key = `${left.voters.join()}/${left.outgoing.join()} ${right.voters.join()}/${right.outgoing.join()}`;
  const known = KNOWN.get(key);
  if (known !== undefined) return known;
  const all = [...new Set([...left.voters, ...left.outgoing, ...right.voters, ...right.outgoing])];
  let isSafe = true;
  for (let subset = 0; subset < 2 ** all.length && isSafe; subset += 1) {
    const isIn = (id: number): boolean => ((subset >> all.indexOf(id)) & 1) === 1;
    isSafe = !(isQuorum(left, isIn) && isQuorum(right, (id) => !isIn(id)));
  }
  if (KNOWN.size < KNOWN_COUNT_MAX) KNOWN.set(key, isSafe);
  return isSafe;
}

/** The same few changes come again and again. */
const KNOWN = new Map<string, boolean>();
const KNOWN_COUNT_MAX = 100_000;
