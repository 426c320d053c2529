import { DbError } from '@varve/base';
import { BUS_PAYLOAD_SIZE_BYTES_MAX } from './bus.ts';

/** For implementations of Bus: the same limit everywhere. @throws DbError MESSAGE_INVALID above BUS_PAYLOAD_SIZE_BYTES_MAX */
export function refuseOversized(subject: string, payload: Uint8Array): void {
  if (payload.length <= BUS_PAYLOAD_SIZE_BYTES_MAX) return;
  const facts = { subject, sizeBytes: payload.length };
  throw new DbError('MESSAGE_INVALID', `a message of ${payload.length} bytes is over the limit of ${BUS_PAYLOAD_SIZE_BYTES_MAX}`, facts);
}
