import { test } from 'vitest';

/**
 * Runs a test's body to its end. A real port needs nothing else; a simulated one needs its scheduler stepped meanwhile,
 * and gets a new world here.
 */
export type Drive = (body: () => Promise<void>) => Promise<void>;

/** A port as a test holds it. Opening registers what cleans up afterwards. */
export interface Opened<Port> {
  readonly port: Port;
  /** As kill -9 or a power cut: the port is gone, and is opened again on what it left behind. */
  crash(): Promise<Opened<Port>>;
  /** Closes it and opens it again. */
  reopen(): Promise<Opened<Port>>;
}

/** Opens a port on nothing: a new directory, a new simulated disk. */
export type OpenPort<Port> = () => Promise<Opened<Port>>;

/** Registers tests that are named after the implementation and the behaviour. */
export function contractTest(
  name: string,
  drive: Drive = (body) => body(),
): (behaviour: string, body: () => Promise<void>) => void {
  return (behaviour, body) => test(`${name}: ${behaviour}`, () => drive(body));
}

/** Collects what an iterable yields. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** For calls that a crash interrupts: how they end, if they do, is no matter. */
export function forgetOutcome(calls: readonly Promise<unknown>[]): void {
  void Promise.allSettled(calls);
}

/** UTF-8 bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The text of UTF-8 bytes. */
export function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}
