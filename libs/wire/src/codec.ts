import { ByteReader, ByteWriter, DbError } from '@varve/base';
import { PROTOCOL_VERSION, WIRE_SCHEMAS, type FieldKind, type Header, type MessageKind, type WireMessage } from './schemas.ts';

const NO_PAYLOAD = new Uint8Array(0);
/** Where all but the payload is written first: what it takes is known then, and the message needs one buffer. */
const head = new ByteWriter(1024);

/** Bytes: protocol version (u8), kind (text), header as JSON (text), then the payload to the end. */
export function encode<Kind extends MessageKind>(kind: Kind, header: Header<Kind>, payload: Uint8Array = NO_PAYLOAD): Uint8Array {
  head.clear();
  head.u8(PROTOCOL_VERSION).text(kind).text(JSON.stringify(header));
  const message = new Uint8Array(head.length + payload.length);
  message.set(head.written());
  message.set(payload, head.length);
  return message;
}

/**
 * Reads a message of one of the expected kinds and checks every header field.
 * @throws DbError MESSAGE_INVALID with what is wrong; the message changes nothing then
 */
export function decode<Kind extends MessageKind>(bytes: Uint8Array, ...expected: readonly Kind[]): WireMessage<Kind> {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== PROTOCOL_VERSION) {
    throw new DbError('MESSAGE_INVALID', `message of protocol version ${version}, this node speaks ${PROTOCOL_VERSION}`);
  }
  const kindText = reader.text();
  const kind = expected.find((each) => each === kindText);
  if (kind === undefined) {
    throw new DbError('MESSAGE_INVALID', `message "${kindText}" where ${expected.join(' or ')} was expected`);
  }
  const header = checkedHeader(kind, parseJson(reader.text()));
  return { kind, header, payload: reader.raw(reader.remaining) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DbError('MESSAGE_INVALID', 'message header is not JSON', {}, { cause: error });
  }
}

function checkedHeader<Kind extends MessageKind>(kind: Kind, value: unknown): Header<Kind> {
  if (typeof value !== 'object' || value === null) throw new DbError('MESSAGE_INVALID', `header of ${kind} is no object`);
  for (const [field, fieldKind] of Object.entries<FieldKind>(WIRE_SCHEMAS[kind])) {
    if (!isOfKind(Reflect.get(value, field), fieldKind)) {
      throw new DbError('MESSAGE_INVALID', `field ${field} of ${kind} is no ${fieldKind}`);
    }
  }
  return value as Header<Kind>;
}

function isOfKind(value: unknown, kind: FieldKind): boolean {
  switch (kind) {
    case 'number':
      return typeof value === 'number';
    case 'text':
      return typeof value === 'string';
    case 'flag':
      return typeof value === 'boolean';
    case 'numbers':
      return Array.isArray(value) && value.every((each) => typeof each === 'number');
    case 'texts':
      return Array.isArray(value) && value.every((each) => typeof each === 'string');
    case 'number?':
      return value === undefined || typeof value === 'number';
    case 'flag?':
      return value === undefined || typeof value === 'boolean';
    case 'text?':
      return value === undefined || typeof value === 'string';
  }
}
