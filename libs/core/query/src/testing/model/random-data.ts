import type { Prng } from '@varve/base';

/** Times of random data: `originNs` and so many units later. */
export const ORIGIN_NS = 1_600_000_000_000_000_000n;
/** The usual unit; a cluster's shards are an hour wide at least, and need a greater one. */
export const UNIT_NS = 10_000_000_000n;
/** No point is later than so many units behind the origin. */
export const UNIT_COUNT = 14;

export interface DataShape {
  readonly unitNs?: bigint;
  /** Every measurement has all fields, and integers are small. */
  readonly isPlain?: boolean;
  /** Whether series may have points of equal times. */
  readonly hasEqualTimes: boolean;
}

/**
 * Points in line protocol: few series, so that groups are not empty; regular and irregular times, gaps, and the same cell
 * twice; floats are multiples of 1/4, so that sums are exact in any order; integers small and large. Field `v` is a float in
 * one measurement and an integer or a text in the other.
 */
export function randomLines(prng: Prng, { hasEqualTimes, unitNs = UNIT_NS, isPlain = false }: DataShape): string[] {
  const isRegular = prng.chance(0.5);
  const hasBigIntegers = prng.chance(0.2) && !isPlain;
  const otherType = prng.pick(['integer', 'string']);
  const hosts = ['a', 'b', 'c', undefined].slice(0, prng.between(1, 4));
  const racks = ['1', 'a', undefined].slice(0, prng.between(1, 3));
  const measurements = ['m', 'm', 'k'];
  const count = prng.pick([4, 12, 40, 40]);
  const taken = new Set<bigint>();
  return Array.from({ length: count }, (_, at) => {
    const measurement = isPlain && at < 2 ? ['m', 'k'][at]! : prng.pick(measurements);
    const [host, rack] = [prng.pick(hosts), prng.pick(racks)];
    const time = freeTime(randomTime(prng, isRegular, unitNs), hasEqualTimes ? undefined : taken);
    const fields = randomFields(prng, { hasBigIntegers, ownType: measurement === 'm' ? 'float' : otherType, hasAll: isPlain && at < 2 });
    return `${measurement}${host === undefined ? '' : `,host=${host}`}${rack === undefined ? '' : `,rack=${rack}`} ${fields.join(',')} ${time}`;
  });
}

function randomTime(prng: Prng, isRegular: boolean, unitNs: bigint): bigint {
  const unit = BigInt(prng.between(0, UNIT_COUNT - 1));
  return ORIGIN_NS + unit * unitNs + (isRegular ? 0n : BigInt(prng.between(0, 9_999)) * 1_000_001n);
}

function freeTime(time: bigint, taken: Set<bigint> | undefined): bigint {
  let free = time;
  while (taken?.has(free) === true) free += 1n;
  taken?.add(free);
  return free;
}

interface FieldShape {
  readonly hasBigIntegers: boolean;
  /** Of `v`. */
  readonly ownType: string;
  readonly hasAll: boolean;
}

function randomFields(prng: Prng, { hasBigIntegers, ownType, hasAll }: FieldShape): string[] {
  const float = (): string => `${prng.between(-12, 12) / 4}`;
  const integer = (): string => (hasBigIntegers && prng.chance(0.3) ? prng.pick(['9223372036854775807i', '-9223372036854775808i', '9007199254740993i', '-9007199254740995i']) : `${prng.between(-5, 9)}i`);
  const text = (): string => `"${prng.pick(['', 'x', 'y', 'xy', 'a'])}"`;
  const all = [
    `f=${float()}`,
    `i=${integer()}`,
    `s=${text()}`,
    `b=${prng.chance(0.5)}`,
    `v=${ownType === 'float' ? float() : ownType === 'integer' ? integer() : text()}`,
  ];
  const kept = all.filter(() => hasAll || prng.chance(0.5));
  return kept.length === 0 ? [prng.pick(all)] : kept;
}
