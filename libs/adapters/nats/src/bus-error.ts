import { AuthorizationError, ClosedConnectionError, ConnectionError, DrainingConnectionError, ProtocolError, RequestError, TimeoutError } from '@nats-io/transport-node';
import { DbError, type DurationMs } from '@varve/base';

/** What was asked when it failed. */
export interface Asked {
  readonly subject: string;
  readonly timeoutMs: DurationMs;
}

/** A failure of the client as a DbError: the one place where its errors are read. What is none of them is a bug of ours and is thrown on. */
export function busError(error: unknown, { subject, timeoutMs }: Asked): DbError {
  if (error instanceof DbError) return error;
  if (isNoResponders(error)) return new DbError('BUS_NO_RESPONDERS', `nobody listens on ${subject}`, {}, { cause: error });
  if (error instanceof TimeoutError || hasCause(error, TimeoutError)) return timeoutError({ subject, timeoutMs }, error);
  if (isClosed(error)) return closedError(error);
  throw error;
}

/** No answer has come in time. */
export function timeoutError({ subject, timeoutMs }: Asked, cause?: unknown): DbError {
  return new DbError('BUS_TIMEOUT', `no answer on ${subject} within ${timeoutMs} ms`, {}, { cause });
}

/** The bus was closed. */
export function closedError(cause?: unknown): DbError {
  return new DbError('BUS_CLOSED', 'the connection to NATS is closed', {}, { cause });
}

/** Whether no server could be reached, or its name not be resolved: waiting may help. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof ConnectionError || error instanceof TimeoutError || (error instanceof Error && 'syscall' in error);
}

/** Why a server does not want us; undefined when it is something else. */
export function refusalOf(error: unknown): string | undefined {
  return error instanceof AuthorizationError || error instanceof ProtocolError ? error.message : undefined;
}

function isNoResponders(error: unknown): boolean {
  return error instanceof RequestError && error.isNoResponders();
}

function isClosed(error: unknown): boolean {
  return [ClosedConnectionError, DrainingConnectionError].some((kind) => error instanceof kind || hasCause(error, kind));
}

function hasCause(error: unknown, kind: new (...parts: never[]) => Error): boolean {
  return error instanceof Error && error.cause instanceof kind;
}
