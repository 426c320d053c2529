import { DbError } from '@varve/base';

/** A value as JSON in UTF-8, with bigints as `{"ns": "…"}`. Walking by hand takes a third of the time that JSON's own replacer takes. */
export function encodeJson(value: unknown): Uint8Array {
  return UTF8.encode(JSON.stringify(withWrapped(value)));
}

/** The inverse of {@link encodeJson}. @throws DbError MESSAGE_INVALID, which says what it was to be */
export function decodeJson(bytes: Uint8Array, what: string): unknown {
  try {
    return withUnwrapped(JSON.parse(FROM_UTF8.decode(bytes)));
  } catch (cause) {
    throw new DbError('MESSAGE_INVALID', `${what} that is not JSON`, {}, { cause });
  }
}

const UTF8 = new TextEncoder();
const FROM_UTF8 = new TextDecoder();

/** The value itself where no bigint is in it. */
function withWrapped(value: unknown): unknown {
  if (typeof value === 'bigint') return { ns: value.toString() };
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? wrappedItems(value) : wrappedFields(value as Readonly<Record<string, unknown>>);
}

function wrappedItems(items: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < items.length; index += 1) {
    const wrapped = withWrapped(items[index]);
    if (wrapped !== items[index]) (copy ??= [...items])[index] = wrapped;
  }
  return copy ?? items;
}

function wrappedFields(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  let copy: Record<string, unknown> | undefined;
  for (const key in fields) {
    const wrapped = withWrapped(fields[key]);
    if (wrapped !== fields[key]) (copy ??= { ...fields })[key] = wrapped;
  }
  return copy ?? fields;
}

/** In place. The depth is that of an expression, which is bounded (QC8). */
function withUnwrapped(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) value[index] = withUnwrapped(value[index]);
    return value;
  }
  if (isWrappedBigint(value)) return BigInt(value.ns);
  const fields = value as Record<string, unknown>;
  for (const key in fields) {
    const each = fields[key];
    if (typeof each === 'object' && each !== null) fields[key] = withUnwrapped(each);
  }
  return value;
}

function isWrappedBigint(value: object): value is { readonly ns: string } {
  return 'ns' in value && typeof value.ns === 'string';
}
