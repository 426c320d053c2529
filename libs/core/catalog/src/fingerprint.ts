import type { Catalog } from '@varve/model';

// A hash of the content, not of the way to it: two catalogs with equal content have equal fingerprints, whether they were
// decoded or made by commands. Maps and objects are sums over their entries, so that no order of keys matters. Catalogs
// share what did not change, so the hashes of Maps and of what stands in them are remembered with the values: a change
// costs what it has changed, and a walk over the names beside it.

/** 32 bits over everything that followers hold. */
export function catalogFingerprint(catalog: Catalog): number {
  let sum = 0;
  for (const [key, value] of Object.entries(catalog)) {
    if (!KEPT_BY_META_ALONE.has(key)) sum = (sum + pairHash(hashOf(key), hashOf(value))) | 0;
  }
  return sum >>> 0;
}

const KEPT_BY_META_ALONE: ReadonlySet<string> = new Set<keyof Catalog>(['sessions', 'earlierRequests']);

const remembered = new WeakMap<object, number>();
const float = new Float64Array(1);
const big = new BigInt64Array(float.buffer);
const words = new Uint32Array(float.buffer);

function hashOf(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return textHash(value);
    case 'number':
      float[0] = value;
      return pairHash(words[0]!, words[1]!);
    case 'bigint':
      big[0] = BigInt.asIntN(64, value);
      return pairHash(words[0]! ^ 0x5bd1e995, words[1]!);
    case 'boolean':
      return value ? 0x3c6ef372 : 0x1f83d9ab;
    case 'object':
      return objectHash(value);
    default:
      return 0;
  }
}

function objectHash(value: object | null): number {
  if (value === null) return 0;
  if (value instanceof Map) return rememberedHash(value, mapHash);
  if (Array.isArray(value)) return listHash(value);
  return recordHash(value);
}

function rememberedHash<Value extends object>(value: Value, compute: (value: Value) => number): number {
  const known = remembered.get(value);
  if (known !== undefined) return known;
  const hash = compute(value);
  remembered.set(value, hash);
  return hash;
}

function mapHash(map: ReadonlyMap<unknown, unknown>): number {
  let sum = map.size;
  for (const [key, value] of map) sum = (sum + pairHash(hashOf(key), entryHash(value))) | 0;
  return mixed(sum);
}

/** What stands in a Map is shared by many catalogs. */
function entryHash(value: unknown): number {
  const isRecord = typeof value === 'object' && value !== null && !(value instanceof Map) && !Array.isArray(value);
  return isRecord ? rememberedHash(value, recordHash) : hashOf(value);
}

function listHash(list: readonly unknown[]): number {
  let hash = list.length;
  for (const value of list) hash = pairHash(hash, hashOf(value));
  return hash;
}

/** What is undefined is absent. */
function recordHash(record: object): number {
  let sum = 1;
  for (const key in record) {
    const value = record[key as keyof typeof record] as unknown;
    if (value !== undefined) sum = (sum + pairHash(textHash(key), hashOf(value))) | 0;
  }
  return mixed(sum);
}

function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mixed(hash);
}

function pairHash(left: number, right: number): number {
  return mixed(Math.imul(left, 0x9e3779b1) + right);
}

/** Every bit of what comes out depends on all that went in: the finalizer of MurmurHash3. */
function mixed(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
