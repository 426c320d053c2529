import { DbError } from '@varve/base';

/** Tasks as a service would export them. */

export function add({ left, right }: { readonly left: number; readonly right: number }): number {
  return left + right;
}

export function doubled(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte * 2);
}

export function twice(bytes: readonly Uint8Array[]): Uint8Array[] {
  return [...bytes, ...bytes];
}

export function refuse(text: string): never {
  throw new DbError('CHUNK_INVALID', text, { chunkId: 7 });
}

export function fail(text: string): never {
  throw new TypeError(text);
}
