import { DbError } from '@varve/base';

// What the contract of a Background runs: a module as a service would have it.

export function add({ left, right }: { readonly left: number; readonly right: number }): number {
  return left + right;
}

export function doubled(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte * 2);
}

export function refuse(text: string): never {
  throw new DbError('CHUNK_INVALID', text, { chunkId: 7 });
}
