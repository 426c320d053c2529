/** How a value travels. Of a stream's payload both sides name the same codec: one object, so that they mean the same value. */
export interface PayloadCodec<Value> {
  encode(value: Value): Uint8Array;
  /** @throws DbError MESSAGE_INVALID */
  decode(bytes: Uint8Array): Value;
}

/** What a question carries beside its header: the value itself within a process, its bytes on a wire. Nobody changes the value. */
export class Payload<Value> {
  readonly codec: PayloadCodec<Value>;
  readonly value: Value;
  #bytes: Uint8Array | undefined;

  constructor(codec: PayloadCodec<Value>, value: Value) {
    this.codec = codec;
    this.value = value;
  }

  /** Made when they are first asked for, and once, however many are asked. */
  get bytes(): Uint8Array {
    return (this.#bytes ??= this.codec.encode(this.value));
  }
}

/** Of what is bytes anyway, or nothing. */
export const BYTES: PayloadCodec<Uint8Array> = { encode: (bytes) => bytes, decode: (bytes) => bytes };

/** The header says it all. */
export const NO_PAYLOAD = new Payload(BYTES, new Uint8Array(0));
