import { DbError, ERROR_CODES, type DurationMs, type ErrorCode } from '@varve/base';
import type { Bus, Log, Subscription } from '@varve/ports';
import { decode, encode, type Header, type MessageKind, type WireMessage } from '@varve/wire';

/** What a handler of {@link serve} answers. */
export interface Answer<Kind extends MessageKind> {
  readonly header: Header<Kind>;
  readonly payload?: Uint8Array | undefined;
}

/**
 * Sends a request and waits for its answer.
 * @throws DbError with the code the other side refused with, or BUS_TIMEOUT, BUS_NO_RESPONDERS, MESSAGE_INVALID
 */
export async function request<Sent extends MessageKind, Answered extends MessageKind>(
  bus: Bus,
  to: { readonly subject: string; readonly timeoutMs: DurationMs; readonly answerKind: Answered },
  sent: { readonly kind: Sent; readonly header: Header<Sent>; readonly payload?: Uint8Array | undefined },
): Promise<WireMessage<Answered>> {
  const bytes = await bus.request(to.subject, encode(sent.kind, sent.header, sent.payload), to.timeoutMs);
  const message: WireMessage = decode<MessageKind>(bytes, to.answerKind, 'failure');
  if (message.kind === 'failure') throw failureOf(message as WireMessage<'failure'>);
  return message as WireMessage<Answered>;
}

/**
 * Answers requests on a subject: decodes, calls, encodes, and maps errors, in one place. With a queue only one of the
 * subscribers is asked. A handler that breaks an invariant of ours is not answered for: the error goes on.
 */
export function serve<Asked extends MessageKind, Answered extends MessageKind>(
  { bus, log }: { readonly bus: Bus; readonly log: Log },
  at: { readonly subject: string; readonly queue?: string | undefined; readonly askedKind: Asked; readonly answerKind: Answered },
  handle: (asked: WireMessage<Asked>) => Promise<Answer<Answered>>,
): Subscription {
  const answerTo = async (payload: Uint8Array, replyTo: string): Promise<void> => {
    try {
      const answer = await handle(decode(payload, at.askedKind));
      bus.publish(replyTo, encode(at.answerKind, answer.header, answer.payload));
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      log.debug('Request refused', { subject: at.subject, code: error.code, reason: error.message });
      bus.publish(replyTo, encodeFailure(error));
    }
  };
  return bus.subscribe(at.subject, ({ payload, replyTo }) => void (replyTo === undefined ? undefined : answerTo(payload, replyTo)), at.queue);
}

/** An error as an answer to any request. */
export function encodeFailure(error: DbError): Uint8Array {
  return encode('failure', { errorCode: error.code, errorText: error.message });
}

/** The error that a `failure` message carries. */
export function failureOf({ header }: WireMessage<'failure'>): DbError {
  return errorFrom(header.errorCode, header.errorText);
}

/** A DbError as it came over the bus; a code that this node does not know is a message it cannot read. */
export function errorFrom(code: string, text: string): DbError {
  const known = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'MESSAGE_INVALID';
  return new DbError(known, text);
}
