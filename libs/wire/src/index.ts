export { decode, encode } from './codec.ts';
export { BULK_INBOX_PREFIX, isBulkSubject } from './is-bulk.ts';
export { PROTOCOL_VERSION, WIRE_SCHEMAS } from './schemas.ts';
export { subjectsOf } from './subjects.ts';
export type { FieldKind, Header, MessageKind, WireMessage } from './schemas.ts';
export type { ServiceKind, Subjects } from './subjects.ts';
