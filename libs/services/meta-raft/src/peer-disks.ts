import type { KnownPeer, RaftIdentity } from '@varve/ports';

/** Says which disk a peer is, and in which run. */
export interface PeerClaim extends KnownPeer {
  /** Drawn at each start: two processes with one boot number are two. Absent in what was only heard of. */
  readonly run?: string | undefined;
}

/**
 * Which disk every peer is (R23). A peer is its disk: with another one, or with an older state of the same, it has
 * forgotten what it promised, and must not speak for that peer any more. The first disk that is heard of counts; peers
 * pass on what they know.
 */
export class PeerDisks {
  readonly self: RaftIdentity & { readonly run: string };
  readonly #known = new Map<number, PeerClaim>();

  constructor(self: RaftIdentity & { readonly run: string }, known: readonly KnownPeer[]) {
    this.self = self;
    for (const peer of known) this.#known.set(peer.peerId, peer);
  }

  /** As texts to pass on: `peer disk boot`. */
  get texts(): readonly string[] {
    return [this.self, ...this.#known.values()].map(({ peerId, diskId, boot }) => `${peerId} ${diskId} ${boot}`);
  }

  /** Why the claim is not believed, for people; undefined when it is. */
  problemOf(claim: PeerClaim): string | undefined {
    const { peerId, diskId, boot, run } = claim;
    const known = this.#known.get(peerId);
    if (known === undefined) return undefined;
    if (known.diskId !== diskId) {
      return `peer ${peerId} is known with another disk: one that has lost its disk is removed from the group and comes back under a new id`;
    }
    const isOlder = boot < known.boot || (boot === known.boot && run !== undefined && known.run !== undefined && run !== known.run);
    return isOlder ? olderStateOf(peerId) : undefined;
  }

  /** Whether a message under this claim may be listened to. Who has not made itself known yet is not. */
  isBelieved({ peerId, diskId, boot }: KnownPeer): boolean {
    const known = this.#known.get(peerId);
    return known !== undefined && known.diskId === diskId && boot >= known.boot;
  }

  /** Whether a claim that is believed is to be remembered on disk before it is learnt. */
  isNews({ peerId, diskId, boot }: PeerClaim): boolean {
    const known = this.#known.get(peerId);
    return peerId !== this.self.peerId && (known === undefined || known.diskId !== diskId || boot > known.boot);
  }

  /** Takes a claim that is believed. */
  learn(claim: PeerClaim): void {
    const { peerId, diskId, boot, run } = claim;
    if (peerId === this.self.peerId) return;
    const knownRun = this.isNews(claim) ? undefined : this.#known.get(peerId)?.run;
    this.#known.set(peerId, { peerId, diskId, boot, run: run ?? knownRun });
  }

  /** What others have told; lines that are none are left out. */
  static read(texts: readonly string[]): readonly KnownPeer[] {
    return texts.flatMap((text) => {
      const [, peerId, diskId, boot] = /^(\d+) ([0-9a-f]{32}) (\d+)$/.exec(text) ?? [];
      return diskId === undefined ? [] : [{ peerId: Number(peerId), diskId, boot: Number(boot) }];
    });
  }
}

/** For people. */
export function olderStateOf(peerId: number): string {
  return (
    `the data directory of peer ${peerId} is an older state than the group knows, such as a restored backup or a copy: ` +
    'it has forgotten what it promised, so the peer is removed from the group and comes back under a new id, with an empty directory'
  );
}
