import { ByteWriter } from '@varve/base';
import { decodeDelivery, type CatalogDelivery } from '@varve/model';
import type { Header, Subjects } from '@varve/wire';
import { NO_PAYLOAD } from './payload.ts';
import type { StreamPorts } from './stream-ends.ts';
import { openStream } from './stream.ts';

/** Between two pieces of an answer. */
const IDLE_TIMEOUT_MS = 2_000;

/** Asks a meta node for what a copy of the catalog lacks. @throws DbError META_UNAVAILABLE, and as `openStream` and `decodeDelivery` */
export async function askCatalog(
  ports: Pick<StreamPorts, 'bus' | 'clock'>,
  { metaCatalog: subject }: Subjects,
  header: Header<'metaCatalog'>,
): Promise<CatalogDelivery> {
  const answer = new ByteWriter();
  const asked = { kind: 'metaCatalog', header, payload: NO_PAYLOAD } as const;
  for await (const piece of openStream(ports, { subject, idleTimeoutMs: IDLE_TIMEOUT_MS }, asked)) answer.raw(piece);
  return decodeDelivery(answer.finish());
}
