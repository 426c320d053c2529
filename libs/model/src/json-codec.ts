import { DbError } from '@varve/base';

/**
 * Describes a type once, and both directions follow: value → JSON, and JSON of unknown origin → checked value. Records
 * are read by their known fields only, and anything else in them is refused, so that nothing a newer node meant is
 * dropped in silence. Names from outside are values or keys of Maps, never properties: `__proto__` is a name like any.
 * A catalog has a million records, so where something is wrong is put together only when it is.
 */
export interface JsonCodec<Value> {
  toJson(value: Value): unknown;
  /** @throws Misfit */
  fromJson(json: unknown): Value;
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
  fromJson: (json) => {
    if (typeof json !== 'string' || !/^-?\d{1,40}$/.test(json)) throw new Misfit('a whole number as text');
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
    fromJson: (json) => (json === undefined ? undefined : codec.fromJson(json)),
  };
}

/** What was read is passed on as `share` has it: equal values as one object. */
export function shared<Value>(codec: JsonCodec<Value>, share: (value: Value) => Value): JsonCodec<Value> {
  return { toJson: codec.toJson, fromJson: (json) => share(codec.fromJson(json)) };
}

/** Values in their order. */
export function listOf<Value>(codec: JsonCodec<Value>): JsonCodec<readonly Value[]> {
  return {
    toJson: (values) => values.map((value) => codec.toJson(value)),
    fromJson: (json) => {
      if (!Array.isArray(json)) throw new Misfit('a list');
      let index = -1;
      try {
        // Not pushed one by one: a list that may grow has room for 16 more, and most lists of a catalog hold one or three.
        return json.map((each) => {
          index += 1;
          return codec.fromJson(each);
        });
      } catch (error) {
        throw inside(`[${index}]`, error);
      }
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
    fromJson: (json) => {
      if (!Array.isArray(json) || json.length !== 2) throw new Misfit('a pair');
      return [at('[0]', first, json[0]), at('[1]', second, json[1])];
    },
  };
}

/** A Map as a list of pairs, in its order. */
export function mapOf<Key, Value>(key: JsonCodec<Key>, value: JsonCodec<Value>): JsonCodec<ReadonlyMap<Key, Value>> {
  const pairs = listOf(pairOf(key, value));
  return {
    toJson: (map) => pairs.toJson([...map]),
    fromJson: (json) => uniqueMap(pairs.fromJson(json)),
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
    fromJson: (json) => uniqueMap(values.fromJson(json).map((value) => [keyOf(value), value])),
  };
}

/**
 * An object with exactly these fields. A field that is undefined is left out, and stays out. The names are our own, and none
 * that every object has: plain properties will do.
 */
export function record<Value extends object>(fields: Fields<Value>): JsonCodec<Value> {
  const members = (Object.keys(fields) as (keyof Value & string)[]).map((name) => ({
    name,
    codec: fields[name],
  }));
  return {
    toJson: (value) => {
      const json: Partial<Record<keyof Value & string, unknown>> = {};
      for (const { name, codec } of members) {
        const field = value[name];
        if (field !== undefined) json[name] = codec.toJson(field);
      }
      return json;
    },
    fromJson: (json) => {
      const given = objectAt(json);
      const value: Partial<Record<keyof Value & string, unknown>> = {};
      let readCount = 0;
      for (const { name, codec } of members) {
        if (Object.hasOwn(given, name)) readCount += 1;
        const field = at(`.${name}`, codec, given[name]);
        if (field !== undefined) value[name] = field;
      }
      if (Object.keys(given).length > readCount) throw strangerIn(given, fields);
      return value as Value;
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
    fromJson: (json) => {
      const codec = codecs.get(String(objectAt(json)['kind']));
      if (codec === undefined) throw inside('.kind', new Misfit(`one of ${kinds.join(', ')}`));
      return codec.fromJson(json);
    },
  };
}

/** A value as UTF-8 JSON. */
export function toBytes<Value>(codec: JsonCodec<Value>, value: Value): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(codec.toJson(value)));
}

/** @throws DbError MESSAGE_INVALID */
export function bytesToJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (error) {
    throw new DbError('MESSAGE_INVALID', 'not JSON in UTF-8', {}, { cause: error });
  }
}

/** `name` says what the document is, for the error. @throws DbError MESSAGE_INVALID with the place in the document */
export function fromJson<Value>(codec: JsonCodec<Value>, json: unknown, name: string): Value {
  try {
    return codec.fromJson(json);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw new DbError('MESSAGE_INVALID', `${name}${error.place} ${error.problem}`, {}, { cause: error });
  }
}

/** What does not fit, and where: the place grows on the way out. */
class Misfit extends Error {
  override readonly name = 'Misfit';
  readonly problem: string;
  place = '';

  constructor(wanted: string, problem = `is not ${wanted}`) {
    super(problem);
    this.problem = problem;
  }
}

function at<Value>(step: string, codec: JsonCodec<Value>, json: unknown): Value {
  try {
    return codec.fromJson(json);
  } catch (error) {
    throw inside(step, error);
  }
}

function inside(step: string, error: unknown): unknown {
  if (error instanceof Misfit) error.place = step + error.place;
  return error;
}

function plain<Value>(isValue: (json: unknown) => json is Value, wanted: string): JsonCodec<Value> {
  return {
    toJson: (value) => value,
    fromJson: (json) => {
      if (!isValue(json)) throw new Misfit(wanted);
      return json;
    },
  };
}

function uniqueMap<Key, Value>(pairs: readonly (readonly [Key, Value])[]): ReadonlyMap<Key, Value> {
  const map = new Map(pairs);
  if (map.size !== pairs.length) throw new Misfit('', 'names a key twice');
  return map;
}

function objectAt(json: unknown): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Misfit('an object');
  return json as Readonly<Record<string, unknown>>;
}

function strangerIn(given: object, fields: object): Misfit {
  const stranger = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
  return new Misfit('', `has a field "${String(stranger)}" that this node does not know`);
}
