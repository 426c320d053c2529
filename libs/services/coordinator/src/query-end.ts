/** Why a query ends before it is done: KILL QUERY, the query timeout, or its client has left. */
export type EndReason = 'killed' | 'timeout' | 'left';

/** The early end of a query: one signal for everything that is done for it, whatever the reason. The first reason counts. */
export class QueryEnd {
  readonly #abort = new AbortController();
  readonly #onEnded: (() => void) | undefined;
  #reason: EndReason | undefined;

  /** `onEnded` is called when it comes: who only wants to know that needs no listener of a signal, of which each query would pay for one. */
  constructor(onEnded?: () => void) {
    this.#onEnded = onEnded;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Undefined: it goes on. */
  get reason(): EndReason | undefined {
    return this.#reason;
  }

  because(reason: EndReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#abort.abort();
    this.#onEnded?.();
  }

  /** Ends it when the client leaves; call what is returned when the query is done. */
  follow(client: AbortSignal): () => void {
    const onLeft = (): void => this.because('left');
    if (client.aborted) onLeft();
    else client.addEventListener('abort', onLeft, { once: true });
    return () => client.removeEventListener('abort', onLeft);
  }
}
