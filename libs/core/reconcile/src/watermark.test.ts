import { EMPTY_VECTOR, withMutation, type IncarnationId, type MutationVector, type Version } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { candidateOf, isPassed, isReached, requiredFor, type HeldPledge } from './watermark.ts';

const SHARD = 7;
const at = (wallMs: number, counter = 0): Version => ({ wallMs, counter, incarnation: 0 });
const pledgeOf = (incarnation: IncarnationId, version: Version, last = 0, leasedMs = 1_000): HeldPledge => ({ incarnation, version, leasedMs, numbers: new Map([[SHARD, last]]) });
const viewOf = (...open: IncarnationId[]) => ({ open, nextIncarnation: 10, ceilingMs: 900 });
const vector = (...origins: (readonly [IncarnationId, first: number, end: number])[]): MutationVector => new Map(origins.map(([incarnation, first, end]) => [incarnation, [[first, end]]]));

test('S is the least of all pledges', () => {
  expect(candidateOf(SHARD, [pledgeOf(1, at(50, 3), 4), pledgeOf(2, at(50, 2), 9), pledgeOf(3, at(51))], viewOf(1, 2, 3))).toEqual({
    watermark: at(50, 2),
    through: new Map([[1, 4], [2, 9], [3, 0]]),
    nextIncarnation: 10,
  });
});

test('S3: stamps beyond what the catalog has granted do not raise it', () => {
  expect(candidateOf(SHARD, [pledgeOf(1, at(1_500, 7), 4, 1_200)], viewOf(1))?.watermark).toEqual(at(1_200));
});

test('S5: no candidate while an open incarnation has not pledged; a pledge of one that is closed is none', () => {
  expect(candidateOf(SHARD, [pledgeOf(1, at(50))], viewOf(1, 2))).toBeUndefined();
  expect(candidateOf(SHARD, [pledgeOf(1, at(50)), pledgeOf(2, at(40), 3)], viewOf(1))).toEqual({ watermark: at(50), through: new Map([[1, 0]]), nextIncarnation: 10 });
});

test('S3: without an open incarnation S is the floor of the next one', () => {
  expect(candidateOf(SHARD, [], viewOf())?.watermark).toEqual(at(900));
});

test('every owner must have what was pledged, and what anybody has of closed incarnations', () => {
  const candidate = candidateOf(SHARD, [pledgeOf(4, at(50), 3), pledgeOf(5, at(60), 0)], viewOf(4, 5))!;
  const [one, two, hinted] = [vector([2, 1, 5], [4, 1, 3], [5, 1, 2]), vector([2, 1, 4], [4, 3, 9]), vector([3, 2, 3], [11, 1, 2])];
  const required = requiredFor(candidate, [one, two, hinted]);
  expect(required).toEqual(vector([2, 1, 5], [3, 2, 3], [4, 1, 4]));
  expect(isReached(required, [one, two])).toBe(false);
  const whole = vector([2, 1, 5], [3, 1, 3], [4, 1, 4]);
  expect([isReached(required, [whole, whole]), isReached(required, [whole, one])]).toEqual([true, false]);
});

test('a shard is passed when nobody has more than the watermark passed', () => {
  const candidate = candidateOf(SHARD, [pledgeOf(4, at(50), 3)], viewOf(4))!;
  expect(isPassed(candidate, [vector([2, 1, 9], [4, 1, 4])])).toBe(true);
  expect(isPassed(candidate, [vector([4, 1, 4]), vector([4, 1, 5])])).toBe(false);
  expect(isPassed(candidate, [vector([4, 1, 4], [10, 1, 2])]), 'opened behind it').toBe(false);
});

// Methodology: a cluster as lists. Coordinators stamp frames, which wait on their way, in hint stores and at owners in any order;
// incarnations are opened and closed. A round asks step by step, with other events in between. What is reached must hold for
// everything that comes to an owner as new afterwards.
test('S1: whatever happens between the questions of a round, nothing below a reached watermark comes as new', () => {
  let reachedCount = 0;
  const event = fc.record({ what: fc.constantFrom('stamp', 'stamp', 'deliver', 'deliver', 'deliver', 'pull', 'open', 'close', 'ask', 'ask', 'ask'), pick: fc.nat(1_000) });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 120, size: 'max' }), (events) => {
      const world = new World();
      for (const { what, pick } of events) world.do(what, pick);
      reachedCount += world.reachedCount;
      expect(world.late).toEqual([]);
    }),
    { numRuns: 3_000 },
  );
  expect(reachedCount).toBeGreaterThan(1_000);
});

interface TestLease {
  nextMs: number;
  count: number;
  /** What the catalog has granted; it may stamp for a grace behind it. */
  leasedMs: number;
}

interface Sent {
  readonly incarnation: IncarnationId;
  readonly number: number;
  readonly wallMs: number;
  readonly owner: number;
}

/** Two owners that pull from each other, no loss but by closing: frames of closed incarnations that are on their way to an owner that was asked are refused. */
class World {
  readonly late: Sent[] = [];
  reachedCount = 0;
  #nowMs = 10;
  #nextId = 1;
  #ceilingMs = 10;
  readonly #open = new Map<IncarnationId, TestLease>();
  #underWay: Sent[] = [];
  readonly #owners: Sent[][] = [[], []];
  /** By owner: incarnations that it knows to be open, or newer. */
  readonly #isTaken: ((incarnation: IncarnationId) => boolean)[] = [() => true, () => true];
  readonly #watermarks = [at(0), at(0)];
  /** The questions of a round that are left. */
  #round: (() => void)[] = [];

  do(what: string, pick: number): void {
    this.#nowMs += pick % 3;
    const open = [...this.#open];
    const [incarnation, lease] = open[pick % Math.max(1, open.length)] ?? [];
    if (what === 'open') this.#openOne();
    else if (what === 'close' && incarnation !== undefined) this.#open.delete(incarnation);
    else if (what === 'stamp' && lease !== undefined) this.#stamp(incarnation!, lease, pick % 2 === 0);
    else if (what === 'deliver' && this.#underWay.length > 0) this.#deliver(this.#underWay.splice(pick % this.#underWay.length, 1)[0]!);
    else if (what === 'pull') this.#pull(pick % 2);
    else if (what === 'ask') this.#ask();
  }

  #openOne(): void {
    const floorMs = this.#ceilingMs;
    this.#ceilingMs = Math.max(this.#nowMs, floorMs) + 5;
    this.#open.set(this.#nextId, { nextMs: floorMs, count: 0, leasedMs: this.#ceilingMs });
    this.#nextId += 1;
  }

  /** Stamps are a millisecond each. A lease that has run out is renewed, or nobody renews it. */
  #stamp(incarnation: IncarnationId, lease: TestLease, isRenewed: boolean): void {
    const wallMs = Math.max(lease.nextMs, this.#nowMs + skewOf(incarnation));
    if (wallMs >= lease.leasedMs && isRenewed) this.#ceilingMs = Math.max(this.#ceilingMs, (lease.leasedMs = wallMs + 5));
    lease.nextMs = wallMs + 1;
    lease.count += 1;
    for (const owner of [0, 1]) this.#underWay.push({ incarnation, number: lease.count, wallMs, owner });
  }

  #deliver(sent: Sent): void {
    if (this.#isTaken[sent.owner]!(sent.incarnation)) this.#store(sent);
  }

  /** One frame that the other owner has: closed or not. */
  #pull(owner: number): void {
    const had = new Set(this.#owners[owner]!.map(nameOf));
    const missing = this.#owners[1 - owner]!.find((sent) => !had.has(nameOf(sent)));
    if (missing !== undefined) this.#store({ ...missing, owner });
  }

  #store(sent: Sent): void {
    const has = this.#owners[sent.owner]!;
    if (has.some((each) => nameOf(each) === nameOf(sent))) return;
    if (sent.wallMs < this.#watermarks[sent.owner]!.wallMs) this.late.push(sent);
    has.push(sent);
  }

  /** One question of the round under way, or of the next one. */
  #ask(): void {
    if (this.#round.length === 0) this.#round = this.#newRound();
    this.#round.shift()!();
  }

  #newRound(): (() => void)[] {
    const asked = [...this.#open.keys()];
    const pledges: HeldPledge[] = [];
    let view = viewOf();
    const vectors: MutationVector[] = [];
    return [
      ...asked.map((incarnation) => () => {
        const lease = this.#open.get(incarnation);
        if (lease === undefined) return;
        lease.nextMs = Math.max(lease.nextMs, this.#nowMs + skewOf(incarnation));
        pledges.push(pledgeOf(incarnation, at(lease.nextMs), lease.count, lease.leasedMs));
      }),
      () => void (view = { open: [...this.#open.keys()], nextIncarnation: this.#nextId, ceilingMs: this.#ceilingMs }),
      ...[0, 1].map((owner) => () => {
        const { open, nextIncarnation } = view;
        this.#isTaken[owner] = (incarnation) => open.includes(incarnation) || incarnation >= nextIncarnation;
        vectors.push(vectorOf(this.#owners[owner]!));
      }),
      () => {
        const candidate = candidateOf(SHARD, pledges, view);
        if (candidate === undefined || !isReached(requiredFor(candidate, vectors), vectors)) return;
        this.reachedCount += 1;
        for (const owner of [0, 1]) if (candidate.watermark.wallMs > this.#watermarks[owner]!.wallMs) this.#watermarks[owner] = candidate.watermark;
      },
    ];
  }
}

/** Whose clocks are ahead, and whose behind. */
function skewOf(incarnation: IncarnationId): number {
  return ((incarnation * 7) % 11) - 5;
}

function nameOf({ incarnation, number }: Sent): string {
  return `${incarnation}/${number}`;
}

function vectorOf(frames: readonly Sent[]): MutationVector {
  return frames.reduce((all, { incarnation, number }) => withMutation(all, incarnation, number), EMPTY_VECTOR);
}
