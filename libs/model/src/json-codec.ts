import { DbError } from '@varve/base';

/**
 * Describes a type once, and both directions follow: value → JSON, and JSON of unknown origin → checked value. Records
 * are read by their known fields only, and anything else in them is refused, so that nothing a newer node meant is
 * dropped in silence. Names from outside are values or keys of Maps, never properties: `__proto__` is a name like any.
 */
export interface JsonCodec<Value> {
  toJson(value: Value): unknown;
  /** `path` says where in the document, for the error. @throws DbError MESSAGE_INVALID */
  fromJson(json: unknown, path: string): Value;
}

type Fields<Value> = { readonly [Field in keyof Value]-?: JsonCodec<Value[Field]> };
type Tagged = { readonly kind: string };

/** Any string. */
export const text: JsonCodec<string> = plain((json): json is string => typeof json === 'string', 'a text');
/** true or false. */
export const flag: JsonCodec<boolean> = plain((json): json is boolean => typeof json === 'boolean', 'true or false');
/** A whole number in 0..2^53−1: an id, an index, a count. */
export const count: JsonCodec<number> = plain(
  (json): json is number => Number.isSafeInteger(json) && (json as number) >= 0,
  'a whole number from 0',
);
/** Milliseconds of a wall clock, which may have a fraction. */
export const wallMs: JsonCodec<number> = plain(
  (json): json is number => typeof json === 'number' && Number.isFinite(json) && Math.abs(json) < 2 ** 48,
  'a wall time in ms',
);

/** A whole number of any size, as decimal text. */
export const bigintText: JsonCodec<bigint> = {
  toJson: String,
  fromJson: (json, path) => {
    if (typeof json !== 'string' || !/^-?\d{1,40}$/.test(json)) throw invalid(path, 'a whole number as text');
    return BigInt(json);
  },
};

/** One of a few texts. */
export function oneOf<Value extends string>(values: readonly Value[]): JsonCodec<Value> {
  return plain((json): json is Value => values.some((value) => value === json), `one of ${values.join(', ')}`);
}

/** A value, or nothing: an absent field. */
export function optional<Value>(codec: JsonCodec<Value>): JsonCodec<Value | undefined> {
  return {
    toJson: (value) => (value === undefined ? undefined : codec.toJson(value)),
    fromJson: (json, path) => (json === undefined ? undefined : codec.fromJson(json, path)),
  };
}

/** Values in their order. */
export function listOf<Value>(codec: JsonCodec<Value>): JsonCodec<readonly Value[]> {
  return {
    toJson: (values) => values.map((value) => codec.toJson(value)),
    fromJson: (json, path) => {
      if (!Array.isArray(json)) throw invalid(path, 'a list');
      return json.map((each: unknown, index) => codec.fromJson(each, `${path}[${index}]`));
    },
  };
}

/** Two values as a list of two. */
export function pairOf<First, Second>(
  first: JsonCodec<First>,
  second: JsonCodec<Second>,
): JsonCodec<readonly [First, Second]> {
  return {
    toJson: ([left, right]) => [first.toJson(left), second.toJson(right)],
    fromJson: (json, path) => {
      if (!Array.isArray(json) || json.length !== 2) throw invalid(path, 'a pair');
      return [first.fromJson(json[0], `${path}[0]`), second.fromJson(json[1], `${path}[1]`)];
    },
  };
}

/** A Map as a list of pairs, in its order. */
export function mapOf<Key, Value>(key: JsonCodec<Key>, value: JsonCodec<Value>): JsonCodec<ReadonlyMap<Key, Value>> {
  const pairs = listOf(pairOf(key, value));
  return {
    toJson: (map) => pairs.toJson([...map]),
    fromJson: (json, path) => uniqueMap(pairs.fromJson(json, path), path),
  };
}

/** A Map as the list of its values, in its order, where a value knows its key. */
export function keyedBy<Key, Value>(
  keyOf: (value: Value) => Key,
  codec: JsonCodec<Value>,
): JsonCodec<ReadonlyMap<Key, Value>> {
  const values = listOf(codec);
  return {
    toJson: (map) => values.toJson([...map.values()]),
    fromJson: (json, path) =>
      uniqueMap(
        values.fromJson(json, path).map((value) => [keyOf(value), value]),
        path,
      ),
  };
}

/** An object with exactly these fields. A field that is undefined is left out, and stays out. */
export function record<Value extends object>(fields: Fields<Value>): JsonCodec<Value> {
  const names = Object.keys(fields) as (keyof Value & string)[];
  return {
    toJson: (value) => {
      // Names of our own, so a plain assignment will do; catalogs have a million records.
      const json: Record<string, unknown> = {};
      for (const name of names) {
        const field = value[name];
        if (field !== undefined) json[name] = fields[name].toJson(field);
      }
      return json;
    },
    fromJson: (json, path) => {
      const given = objectAt(json, path);
      const stranger = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
      if (stranger !== undefined)
        throw new DbError('MESSAGE_INVALID', `${path} has a field "${stranger}" that this node does not know`);
      const values = names.map((name) => [name, fields[name].fromJson(own(given, name), `${path}.${name}`)] as const);
      return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Value;
    },
  };
}

/** One of several records, told apart by `kind`. */
export function tagged<Value extends Tagged>(variants: {
  readonly [Kind in Value['kind']]: Fields<Omit<Extract<Value, { readonly kind: Kind }>, 'kind'>>;
}): JsonCodec<Value> {
  const kinds = Object.keys(variants) as Value['kind'][];
  const codecs = new Map<string, JsonCodec<Value>>(
    kinds.map((kind) => [kind, record({ kind: oneOf([kind]), ...variants[kind] } as unknown as Fields<Value>)]),
  );
  return {
    toJson: (value) => codecs.get(value.kind)!.toJson(value),
    fromJson: (json, path) => {
      const codec = codecs.get(String(own(objectAt(json, path), 'kind')));
      if (codec === undefined) throw invalid(`${path}.kind`, `one of ${kinds.join(', ')}`);
      return codec.fromJson(json, path);
    },
  };
}

/** JSON as UTF-8. */
export function jsonToBytes(json: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(json));
}

/** @throws DbError MESSAGE_INVALID */
export function bytesToJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (error) {
    throw new DbError('MESSAGE_INVALID', 'not JSON in UTF-8', {}, { cause: error });
  }
}

function plain<Value>(isValue: (json: unknown) => json is Value, wanted: string): JsonCodec<Value> {
  return {
    toJson: (value) => value,
    fromJson: (json, path) => {
      if (!isValue(json)) throw invalid(path, wanted);
      return json;
    },
  };
}

function uniqueMap<Key, Value>(pairs: readonly (readonly [Key, Value])[], path: string): ReadonlyMap<Key, Value> {
  const map = new Map(pairs);
  if (map.size !== pairs.length) throw new DbError('MESSAGE_INVALID', `${path} names a key twice`);
  return map;
}

function objectAt(json: unknown, path: string): object {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalid(path, 'an object');
  return json;
}

function own(json: object, name: string): unknown {
  return Object.hasOwn(json, name) ? (Reflect.get(json, name) as unknown) : undefined;
}

function invalid(path: string, wanted: string): DbError {
  return new DbError('MESSAGE_INVALID', `${path} is not ${wanted}`);
}
