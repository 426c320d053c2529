import { readlinkSync } from 'node:fs';
import { getPriority } from 'node:os';
import { basename } from 'node:path';

/** Tasks as a service would export them. */

export function add({ left, right }: { readonly left: number; readonly right: number }): number {
  return left + right;
}

let kept: Uint8Array | undefined;

/** As no task should. Returns how much is left of what it kept before. */
export function keep(bytes: Uint8Array): number | undefined {
  const leftCount = kept?.length;
  kept = bytes;
  return leftCount;
}

/** As `keep`, of the only value of a map. */
export function keepOfMap(map: ReadonlyMap<string, Uint8Array>): number | undefined {
  return keep([...map.values()][0]!);
}

let given: Uint8Array | undefined;

export function give(sizeBytes: number): Uint8Array {
  given = new Uint8Array(sizeBytes);
  return given;
}

/** How much the thread has left of what it gave last. */
export function leftOfGiven(): number | undefined {
  return given?.length;
}

/** The bytes that both are, twice. */
export function twice({ left, right }: { readonly left: Uint8Array; readonly right: Uint8Array }): readonly Uint8Array[] {
  return left === right ? [left, right] : [];
}

/** Of the thread that runs it; on Linux. */
export function niceness(): number {
  return getPriority(Number(basename(readlinkSync('/proc/thread-self'))));
}

/** Leaves dead arrays behind, too few for a collector to look for them. */
export function waste(): void {
  for (let count = 0; count < 8; count += 1) new Uint8Array(2 ** 20).fill(1);
}

/** Of arrays, dead ones included, of the thread that runs it. */
export function arrayBytes(): number {
  return process.memoryUsage().arrayBuffers;
}

export function fail(text: string): never {
  throw new TypeError(text);
}
