/** Begins the inboxes for streams of many bytes; see {@link isBulkSubject}. */
export const BULK_INBOX_PREFIX = '_INBOX.bulk';

const BULK_PATTERN = /^(_INBOX\.bulk\.|varve\.[^.]+\.(shard\.[^.]+\.write|data\.[^.]+\.(write|query|series|known|frames)|repair\.[^.]+\.hint|raft\.[^.]+\.snapshot|meta\.catalog)$)/;

/**
 * Whether a subject, or a subscription's pattern, carries frames, rows or documents. They travel apart from heartbeats and
 * Raft messages, which would else wait behind them.
 */
export function isBulkSubject(subject: string): boolean {
  return BULK_PATTERN.test(subject);
}
