/*
 * WebAssembly, written as expressions: `i32Add(get(at), i32(4))` is the bytes of at + 4. Operands come first, then the
 * operation, as a stack machine wants them. There is what the machine code of this folder uses, and no more.
 *
 * Source: WebAssembly Core Specification 3.0, chapter 5 (binary format).
 */

/** Bytes of instructions. */
export type Code = readonly number[];
type Operation = (...operands: readonly Code[]) => Code;
/** Reads or writes at a constant behind the address that is its first operand; any alignment will do. */
type Access = (behind: number, ...operands: readonly Code[]) => Code;

/** One code after the other. */
export const joined = (...codes: readonly Code[]): Code => ([] as number[]).concat(...codes);
const operation =
  (...bytes: readonly number[]): Operation =>
  (...operands) => joined(...operands, bytes);
const access =
  (...bytes: readonly number[]): Access =>
  (behind, ...operands) => joined(...operands, bytes, [0], unsigned(behind));
const vector = (number: number): Operation => operation(0xfd, ...unsigned(number));

export const [I32, I64, F64, V128] = [0x7f, 0x7e, 0x7c, 0x7b] as const;

export const i32 = (value: number): Code => [0x41, ...signed(BigInt(value))];
export const i64 = (value: bigint): Code => [0x42, ...signed(value)];
/** Any typed array of 16 bytes. */
export const v128 = ({ buffer }: { readonly buffer: ArrayBuffer }): Code => [0xfd, 0x0c, ...new Uint8Array(buffer)];
export const get = (local: number): Code => [0x20, local];
export const set = (local: number, value: Code): Code => joined(value, [0x21, local]);
/** Another function of the module, by its place there. */
export const call = (place: number, ...operands: readonly Code[]): Code => joined(...operands, [0x10, place]);
/** The first operand where the last is not 0, else the second. */
export const select = operation(0x1b);
/** The condition is asked before each round. */
export const loopWhile = (condition: Code, ...body: readonly Code[]): Code =>
  joined(condition, [0x04, 0x40, 0x03, 0x40], ...body, condition, [0x0d, 0, 0x0b, 0x0b]);

export const i32Load16U = access(0x2f);
export const i64Load = access(0x29);
export const i64Store = access(0x37);
export const i32Eq = operation(0x46);
export const i32LtS = operation(0x48);
export const i32LeS = operation(0x4c);
export const i32Add = operation(0x6a);
export const i32Sub = operation(0x6b);
export const i32And = operation(0x71);
export const i32Shl = operation(0x74);
export const i32ShrU = operation(0x76);
export const i32WrapI64 = operation(0xa7);
export const i64ExtendI32U = operation(0xad);
/** The nearest i32 toward 0. */
export const i32TruncF64 = operation(0xfc, 0x02);
export const f64ConvertI32 = operation(0xb7);
export const f64Add = operation(0xa0);
export const i64Mul = operation(0x7e);
/** By the low six bits of the second operand. */
export const i64ShrU = operation(0x88);

export const v128Load = access(0xfd, 0x00);
/** Eight bytes, each widened. */
export const i16x8Load8x8U = access(0xfd, 0x02);
export const v128Store = access(0xfd, 0x0b);
/** Bytes of the first operand by the indexes in the second, which are below 16: others are not defined. */
export const i8x16RelaxedSwizzle = vector(0x100);
export const i64x2Splat = vector(0x12);
export const i32x4Splat = vector(0x11);
export const f64x2Splat = vector(0x14);
export const v128And = vector(0x4e);
export const i16x8ExtendLowI8x16U = vector(0x89);
export const i32x4ExtendLowI16x8U = vector(0xa9);
export const i32x4ExtendHighI16x8U = vector(0xaa);
export const i32x4ShrU = vector(0xad);
export const i32x4Add = vector(0xae);
export const i32x4Mul = vector(0xb5);
export const f64x2Add = vector(0xf0);
export const f64x2Sub = vector(0xf1);
export const f64x2Mul = vector(0xf2);
export const i32x4First = (of: Code): Code => [...of, 0xfd, 0x1b, 0];
/** Lanes 0 to 3 are those of the first operand, 4 to 7 of the second. */
export const i32x4Shuffle = (lanes: readonly number[], first: Code, second: Code): Code =>
  joined(first, second, [0xfd, 0x0d], ...lanes.map((lane) => [lane * 4, lane * 4 + 1, lane * 4 + 2, lane * 4 + 3]));

/** A function; its locals are numbered through, parameters first. */
export interface MachineFunction {
  readonly parameters: readonly number[];
  /** None or one. */
  readonly results: readonly number[];
  readonly locals: readonly number[];
  readonly body: readonly Code[];
}

/** What there is of a global that is typed for browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
};

/** Functions by their names, over a memory of their own, which is the export `memory`. */
export function assemble(functions: Readonly<Record<string, MachineFunction>>, memorySizeBytes: number): Readonly<Record<string, unknown>> {
  const [names, all] = [Object.keys(functions), Object.values(functions)];
  const types = (of: readonly number[]): Code => list(of.map((type) => [type]));
  const bytes = [
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, all.map(({ parameters, results }) => [0x60, ...types(parameters), ...types(results)])),
    ...section(3, all.map((_, place) => unsigned(place))),
    ...section(5, [[0x00, ...unsigned(Math.ceil(memorySizeBytes / 65_536))]]),
    ...section(7, [[...text('memory'), 0x02, 0], ...names.map((name, place) => [...text(name), 0x00, ...unsigned(place)])]),
    ...section(10, all.map(({ locals, body }) => sized(joined(list(locals.map((type) => [1, type])), ...body, [0x0b])))),
  ];
  return new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes))).exports;
}

function section(id: number, entries: readonly Code[]): Code {
  return joined([id], sized(list(entries)));
}

function list(entries: readonly Code[]): Code {
  return joined(unsigned(entries.length), ...entries);
}

function sized(bytes: Code): Code {
  return joined(unsigned(bytes.length), bytes);
}

function text(characters: string): Code {
  return sized(Array.from(characters, (character) => character.charCodeAt(0)));
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** Signed LEB128. */
function signed(value: bigint): Code {
  const low = Number(BigInt.asUintN(7, value));
  return value >= -0x40n && value < 0x40n ? [low] : [low | 0x80, ...signed(value >> 7n)];
}
