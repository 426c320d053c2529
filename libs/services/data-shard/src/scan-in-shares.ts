import type { SizeBytes } from '@varve/base';
import type { PlanShare } from '@varve/query';
import type { LentFrames } from './lend-share.ts';

/** Shares that are lent or done ahead of the one that is answered (ST5). */
const AHEAD_COUNT_MAX = 4;

/** Of a share done ahead. What is above is done when its turn comes: it may be far larger than was thought. */
const AHEAD_SIZE_BYTES_MAX: SizeBytes = 16 * 1024 * 1024;

/** Who does shares. */
export interface ShareHands {
  /** Undefined: nobody else can have it now. */
  lend(share: PlanShare): LentFrames | undefined;
  /** Frame by frame. */
  doHere(share: PlanShare): AsyncGenerator<Uint8Array>;
  /** Lets answers of others come in. */
  rest(): Promise<void>;
  /** Others wait for this thread, and somebody else is idle. */
  shouldLendFirst(): boolean;
}

/** A share that somebody else has, or had. */
interface Lent {
  readonly ended: Promise<void>;
  outcome?: { readonly frames: readonly Uint8Array[] | undefined } | { readonly error: unknown };
}

/**
 * The frames of all shares in their order. While others do some, this thread does the next one that nobody has. Whoever stops reading
 * waits for nobody (ST6). @throws what doing a share throws
 */
export async function* scanInShares(shares: readonly PlanShare[], hands: ShareHands): AsyncGenerator<Uint8Array> {
  const lent = new Map<number, Lent>();
  const doneAhead = new Map<number, AsyncIterable<Uint8Array>>();
  /** The first that nobody has. */
  let free = 0;
  const lendFrom = (head: number): void => {
    while (free < shares.length && free - head < AHEAD_COUNT_MAX) {
      const frames = hands.lend(shares[free]!);
      if (frames === undefined) return;
      lent.set(free, lentOf(frames));
      free += 1;
    }
  };
  for (let head = 0; head < shares.length; head += 1) {
    if (hands.shouldLendFirst()) lendFrom(head);
    const isMine = free === head;
    if (isMine) free += 1;
    lendFrom(head);
    if (isMine) {
      yield* hands.doHere(shares[head]!);
      continue;
    }
    const other = lent.get(head);
    while (other !== undefined && other.outcome === undefined) {
      await hands.rest();
      if (other.outcome !== undefined) break;
      if (free < shares.length && free - head < AHEAD_COUNT_MAX) {
        const index = free;
        free += 1;
        lendFrom(head);
        doneAhead.set(index, await begun(hands.doHere(shares[index]!)));
      } else await other.ended;
    }
    yield* other === undefined ? doneAhead.get(head)! : (framesOf(other) ?? hands.doHere(shares[head]!));
    lent.delete(head);
    doneAhead.delete(head);
  }
}

function lentOf(frames: LentFrames): Lent {
  const lent: Lent = {
    ended: frames.then(
      (done) => void (lent.outcome = { frames: done }),
      (error: unknown) => void (lent.outcome = { error }),
    ),
  };
  return lent;
}

function framesOf({ outcome }: Lent): readonly Uint8Array[] | undefined {
  if (outcome !== undefined && 'error' in outcome) throw outcome.error;
  return outcome?.frames;
}

/** Done up to its end, or as far as memory allows. */
async function begun(frames: AsyncGenerator<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const first: Uint8Array[] = [];
  let sizeBytes = 0;
  while (sizeBytes < AHEAD_SIZE_BYTES_MAX) {
    const { done, value } = await frames.next();
    if (done === true) break;
    first.push(value);
    sizeBytes += value.length;
  }
  return joined(first, frames);
}

async function* joined(first: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* first;
  yield* rest;
}
