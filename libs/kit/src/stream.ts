import type { Subscription } from '@varve/ports';
import type { MessageKind } from '@varve/wire';
import { openLocalStream, serveLocalStream } from './local-stream.ts';
import type { Produce, Question, StreamPlace, StreamPorts, StreamTarget } from './stream-ends.ts';
import { openWireStream, serveWireStream } from './wire-stream.ts';

/**
 * Asks for a stream: a long answer in items, none of which is empty. Each is the consumer's to keep, but not to change.
 * Leaving the loop early ends the producer, and so does the signal. A bus that hands streams over has the consumer iterate
 * the producer itself; over any other they are messages.
 * @throws DbError the producer's code, or QUERY_INTERRUPTED when the signal aborts, BUS_NO_RESPONDERS, BUS_CLOSED; over a wire
 * BUS_TIMEOUT, MESSAGE_INVALID
 */
export function openStream<Kind extends MessageKind, Value>(
  { bus, clock }: Pick<StreamPorts, 'bus' | 'clock'>,
  to: StreamTarget,
  asked: Question<Kind, Value>,
): AsyncIterable<Uint8Array> {
  return bus.local === undefined ? openWireStream({ bus, clock }, to, asked) : openLocalStream(bus.local, to, asked);
}

/**
 * Answers {@link openStream} on a subject; of several with a queue, one does. `produce` yields payloads that are not empty
 * and leaves them as they are from then on. When the consumer has left, the iteration is ended at its next item; when the
 * consumer's signal aborts, so does the producer's. What is said at the end goes with the last item.
 */
export function serveStream<Kind extends MessageKind, Value>(ports: StreamPorts, at: StreamPlace<Kind, Value>, produce: Produce<Kind, Value>): Subscription {
  const { local } = ports.bus;
  return local === undefined ? serveWireStream(ports, at, produce) : serveLocalStream(local, at, produce);
}
