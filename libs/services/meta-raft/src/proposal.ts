import { ByteReader, ByteWriter, DbError, type WallMs } from '@varve/base';
import { decodeCommand, encodeCommand, type CatalogCommand } from '@varve/model';

/** A command as it stands in the log: everything that applying it depends on, and who asked for it. */
export interface Proposal {
  readonly requestId: string;
  readonly proposer: string;
  /** The leader's wall time when it accepted the proposal. For people: no decision depends on it. */
  readonly atMs: WallMs;
  readonly command: CatalogCommand;
}

const PROPOSAL_FORMAT = 1;

/** Bytes: format (u8), request id (text), proposer (text), atMs (f64), then the command as JSON to the end. */
export function encodeProposal({ requestId, proposer, atMs, command }: Proposal): Uint8Array {
  return new ByteWriter()
    .u8(PROPOSAL_FORMAT)
    .text(requestId)
    .text(proposer)
    .f64(atMs)
    .raw(encodeCommand(command))
    .finish();
}

/**
 * An entry that this node cannot read must not be skipped: the catalog would differ from everybody else's.
 * @throws DbError STORAGE_NEWER_FORMAT, MESSAGE_INVALID
 */
export function decodeProposal(payload: Uint8Array): Proposal {
  const reader = new ByteReader(payload);
  const format = reader.u8();
  if (format !== PROPOSAL_FORMAT) {
    throw new DbError(
      'STORAGE_NEWER_FORMAT',
      `the log has a proposal of format ${format}, this node knows ${PROPOSAL_FORMAT}`,
    );
  }
  return {
    requestId: reader.text(),
    proposer: reader.text(),
    atMs: reader.f64(),
    command: decodeCommand(reader.raw(reader.remaining)),
  };
}
