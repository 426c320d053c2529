import { compareVersions, type IncarnationId, type MutationVector, type NumberIntervals, type ShardId, type Version } from '@varve/model';
import { isCovered, unionOf } from './vectors.ts';

/** What the holder of an open incarnation has promised. */
export interface HeldPledge {
  readonly incarnation: IncarnationId;
  /** Every frame that it stamps from now on has this version or a greater one. */
  readonly version: Version;
  /** The ceiling that the catalog has granted it. */
  readonly leasedMs: number;
  /** Per shard the last number that it has taken; a shard that is missing has 0. */
  readonly numbers: ReadonlyMap<ShardId, number>;
}

/** A watermark that a shard may have once all its owners have what they must. docs/specs/watermark.md. */
export interface WatermarkCandidate {
  readonly watermark: Version;
  /** Of the incarnations that have pledged: the last number below the watermark; 0: none. */
  readonly through: ReadonlyMap<IncarnationId, number>;
  /** Incarnations from here on were opened behind it: they stamp at or above the watermark. */
  readonly nextIncarnation: IncarnationId;
}

/** What a catalog says of open incarnations. `ceilingMs`: no incarnation that it does not know stamps below. */
export interface IncarnationView {
  readonly open: readonly IncarnationId[];
  readonly nextIncarnation: IncarnationId;
  readonly ceilingMs: number;
}

/**
 * The candidate of a shard. The catalog must have everything that was acknowledged when the last pledge was answered.
 * Undefined: an incarnation that is open in it has not pledged.
 */
export function candidateOf(shard: ShardId, pledges: readonly HeldPledge[], { open, nextIncarnation, ceilingMs }: IncarnationView): WatermarkCandidate | undefined {
  const known = open.map((incarnation) => pledges.find((pledge) => pledge.incarnation === incarnation));
  if (!known.every((pledge) => pledge !== undefined)) return undefined;
  // Without an open incarnation the floor of the next one is all there is.
  const bounds = known.length === 0 ? [versionAt(ceilingMs)] : known.flatMap(({ version, leasedMs }) => [version, versionAt(leasedMs)]);
  const watermark = bounds.reduce((least, each) => (compareVersions(each, least) < 0 ? each : least));
  return { watermark: { ...watermark, incarnation: 0 }, through: new Map(known.map(({ incarnation, numbers }) => [incarnation, numbers.get(shard) ?? 0])), nextIncarnation };
}

/**
 * What every owner must have before the candidate is the shard's watermark: of incarnations that have pledged all numbers up to
 * the one named, of others what anybody has.
 * @param held of every owner and every repair node, repair nodes asked first
 */
export function requiredFor({ through, nextIncarnation }: WatermarkCandidate, held: readonly MutationVector[]): MutationVector {
  const required = new Map<IncarnationId, NumberIntervals>();
  for (const [incarnation, intervals] of unionOf(held)) {
    if (incarnation < nextIncarnation && !through.has(incarnation)) required.set(incarnation, intervals);
  }
  for (const [incarnation, last] of through) if (last > 0) required.set(incarnation, [[1, last + 1]]);
  return required;
}

/** Whether everybody has what is required. */
export function isReached(required: MutationVector, owners: readonly MutationVector[]): boolean {
  return owners.every((vector) => isCovered(required, vector));
}

/** Whether nobody has a frame that the candidate says nothing about: the shard is as it was when the watermark passed it. */
export function isPassed({ through, nextIncarnation }: WatermarkCandidate, owners: readonly MutationVector[]): boolean {
  return [...unionOf(owners)].every(([incarnation, intervals]) => {
    const last = through.get(incarnation);
    return last === undefined ? incarnation < nextIncarnation : intervals.at(-1)![1] <= last + 1;
  });
}

function versionAt(wallMs: number): Version {
  return { wallMs, counter: 0, incarnation: 0 };
}
