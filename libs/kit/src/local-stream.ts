import { assert, DbError } from '@varve/base';
import type { LocalStreams, StreamEnd, Subscription } from '@varve/ports';
import type { MessageKind } from '@varve/wire';
import { interrupted, type Produce, type Question, type StreamPlace, type StreamTarget } from './stream-ends.ts';

/**
 * Streams within a process: the consumer iterates the producer itself. The question is handed over as it is, and so are items.
 * Whoever pulls sets the pace, so there are no credits; a process is not silent to itself, so there are no beats and no timeouts.
 * docs/adr/0026-streams-are-handed-over.md.
 */

/** As {@link serveStream} of `stream.ts`, within a process. */
export function serveLocalStream<Kind extends MessageKind, Value>(
  local: LocalStreams,
  { subject, askedKind, codec }: StreamPlace<Kind, Value>,
  produce: Produce<Kind, Value>,
): Subscription {
  return local.serve(subject, (question, signal, end) => {
    const { kind, header, payload } = question as Question<Kind, Value>;
    assert(kind === askedKind, `${kind} where ${askedKind} is answered`);
    assert(payload.codec === codec, `${kind} with another payload than is answered`);
    return produce({ header, payload: payload.value }, signal, end);
  });
}

/** As {@link openStream} of `stream.ts`, within a process. */
export function openLocalStream<Kind extends MessageKind, Value>(local: LocalStreams, to: StreamTarget, asked: Question<Kind, Value>): AsyncIterable<Uint8Array> {
  return new LocalStream(local, to, asked);
}

type Item = IteratorResult<Uint8Array, undefined>;

const DONE = { done: true, value: undefined } as const;

/** One pull at a time. */
class LocalStream implements AsyncIterableIterator<Uint8Array, undefined, undefined> {
  readonly #local: LocalStreams;
  readonly #to: StreamTarget;
  readonly #question: unknown;
  readonly #end: StreamEnd = {};
  /** From the first pull on. */
  #items: AsyncIterator<Uint8Array> | undefined;
  #isOver = false;
  /** Refuses the item that is waited for. */
  #refuse: ((error: unknown) => void) | undefined;

  constructor(local: LocalStreams, to: StreamTarget, question: unknown) {
    this.#local = local;
    this.#to = to;
    this.#question = question;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Item> {
    return new Promise((settle, refuse) => {
      this.#refuse = refuse;
      this.#pull().then(settle, (error: unknown) => this.#fail(error));
    });
  }

  /** The consumer leaves. */
  async return(): Promise<Item> {
    this.#leave();
    await this.#items?.return?.();
    return DONE;
  }

  async #pull(): Promise<Item> {
    if (this.#to.signal?.aborted === true) throw interrupted();
    if (this.#isOver) return DONE;
    this.#items ??= this.#begin();
    const { done, value } = await this.#items.next();
    if (done === true) {
      this.#leave();
      if (this.#end.trailer !== undefined) this.#to.onTrailer?.(this.#end.trailer);
      return DONE;
    }
    assert(value.length > 0, 'a stream item must not be empty');
    return { done: false, value };
  }

  /** @throws DbError BUS_NO_RESPONDERS, BUS_CLOSED */
  #begin(): AsyncIterator<Uint8Array> {
    const { subject, signal = new AbortController().signal } = this.#to;
    const items = this.#local.producerOf(subject)(this.#question, signal, this.#end)[Symbol.asyncIterator]();
    this.#to.signal?.addEventListener('abort', this.#onAbort, { once: true });
    return items;
  }

  /** Nobody waits for what is made still, and a producer at rest at an item ends now. */
  readonly #onAbort = (): void => {
    this.#refuse?.(interrupted());
    void this.return().catch((error: unknown) => this.#fail(error));
  };

  /** What is no DbError is a bug of the producer's: it is nobody's to catch. */
  #fail(error: unknown): void {
    this.#leave();
    this.#refuse!(error);
    if (!(error instanceof DbError)) throw error;
  }

  #leave(): void {
    this.#isOver = true;
    this.#to.signal?.removeEventListener('abort', this.#onAbort);
  }
}
