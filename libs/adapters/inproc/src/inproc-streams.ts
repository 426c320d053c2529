import { DbError } from '@varve/base';
import type { LocalProducer, LocalStreams, Subscription } from '@varve/ports';
import { closed } from './closed.ts';

/** Who serves streams in this process. */
export class InprocStreams implements LocalStreams {
  /** Of each subject in the order in which they are asked next. */
  readonly #producers = new Map<string, LocalProducer[]>();
  #isClosed = false;

  serve(subject: string, producer: LocalProducer): Subscription {
    if (this.#isClosed) throw closed();
    const ofSubject = this.#producers.get(subject);
    if (ofSubject === undefined) this.#producers.set(subject, [producer]);
    else ofSubject.push(producer);
    return { unsubscribe: () => this.#remove(subject, producer) };
  }

  producerOf(subject: string): LocalProducer {
    if (this.#isClosed) throw closed();
    const producers = this.#producers.get(subject);
    const next = producers?.shift();
    if (producers === undefined || next === undefined) throw new DbError('BUS_NO_RESPONDERS', `nobody listens on ${subject}`);
    producers.push(next);
    return next;
  }

  close(): void {
    this.#isClosed = true;
  }

  #remove(subject: string, producer: LocalProducer): void {
    const others = this.#producers.get(subject)?.filter((each) => each !== producer) ?? [];
    if (others.length > 0) this.#producers.set(subject, others);
    else this.#producers.delete(subject);
  }
}
