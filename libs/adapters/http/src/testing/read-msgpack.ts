/** All MessagePack values of a buffer: maps as objects, times (extension 5) as nanoseconds in a bigint, int64 as bigint beyond ±(2^53 − 1). */
export function readMsgpack(bytes: Buffer): unknown[] {
  const reader = new Reader(bytes);
  const values: unknown[] = [];
  while (!reader.isAtEnd) values.push(reader.value());
  return values;
}

class Reader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  value(): unknown {
    const form = this.#uint(1);
    if (form < 0x80) return form;
    if (form < 0x90) return this.#map(form & 0x0f);
    if (form < 0xa0) return this.#array(form & 0x0f);
    if (form < 0xc0) return this.#text(form & 0x1f);
    if (form >= 0xe0) return form - 0x100;
    switch (form) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return form === 0xc3;
      case 0xc7:
        return this.#time();
      case 0xcb:
        return this.#take(8).readDoubleBE();
      case 0xd0:
      case 0xd1:
      case 0xd2: {
        const sizeBytes = 2 ** (form - 0xd0);
        return this.#take(sizeBytes).readIntBE(0, sizeBytes);
      }
      case 0xd3: {
        const value = this.#take(8).readBigInt64BE();
        return Number.isSafeInteger(Number(value)) ? Number(value) : value;
      }
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#uint(2 ** (form - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#uint(2 ** (form - 0xdb)));
      case 0xde:
      case 0xdf:
        return this.#map(this.#uint(2 ** (form - 0xdd)));
      default:
        throw new Error(`MessagePack form ${form.toString(16)} is not one of InfluxDB's`);
    }
  }

  #array(count: number): unknown[] {
    return Array.from({ length: count }, () => this.value());
  }

  #map(count: number): Record<string, unknown> {
    return Object.fromEntries(Array.from({ length: count }, () => [this.value() as string, this.value()]));
  }

  #text(sizeBytes: number): string {
    return this.#take(sizeBytes).toString();
  }

  #time(): bigint {
    const head = this.#take(2);
    if (head[0] !== 12 || head[1] !== 5) throw new Error('an extension that is no time');
    return this.#take(8).readBigInt64BE() * 1_000_000_000n + BigInt(this.#uint(4));
  }

  #uint(sizeBytes: number): number {
    return this.#take(sizeBytes).readUIntBE(0, sizeBytes);
  }

  #take(sizeBytes: number): Buffer {
    const taken = this.#bytes.subarray(this.#offset, this.#offset + sizeBytes);
    if (taken.length < sizeBytes) throw new Error('MessagePack that is cut off');
    this.#offset += sizeBytes;
    return taken;
  }
}
