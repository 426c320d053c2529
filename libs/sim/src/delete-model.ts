import type { FieldValue } from '@varve/model';
import type { Cells } from './cell-model.ts';

/** A time no history reaches. */
const NEVER = Infinity;

interface Write {
  readonly cell: string;
  readonly value: FieldValue;
  readonly startMs: number;
  endMs: number;
  isAcked: boolean;
}

interface Delete {
  readonly hides: (cell: string) => boolean;
  readonly startMs: number;
  endMs: number;
  isAcked: boolean;
}

/** What {@link DeleteModel.begin} began ends with it. */
export interface Attempt {
  end(isAcked: boolean): void;
}

/**
 * What may be left after writes and deletes that overlap in time: a dumb list on purpose. Every value is written once. An attempt that was never
 * answered has no end.
 *
 *     write ├──┤                 gone: the delete began behind it and was acknowledged
 *     write          ├────┤      there or not
 *     delete     ├──────┤
 *     write                ├──┤  there: acknowledged, and no delete was under way since it began
 */
export class DeleteModel {
  readonly #writes: Write[] = [];
  readonly #deletes: Delete[] = [];
  readonly #nowMs: () => number;
  /** So long after its end a delete that failed may still hide what is written: some clocks may not have heard of it. */
  readonly #afterFailureMs: number;

  constructor(nowMs: () => number, { afterFailureMs }: { readonly afterFailureMs: number }) {
    this.#nowMs = nowMs;
    this.#afterFailureMs = afterFailureMs;
  }

  write(cells: Cells): Attempt {
    const writes = [...cells].map(([cell, value]): Write => ({ cell, value, startMs: this.#nowMs(), endMs: NEVER, isAcked: false }));
    this.#writes.push(...writes);
    return { end: (isAcked) => writes.forEach((write) => Object.assign(write, { endMs: this.#nowMs(), isAcked })) };
  }

  delete(hides: (cell: string) => boolean): Attempt {
    const begun: Delete = { hides, startMs: this.#nowMs(), endMs: NEVER, isAcked: false };
    this.#deletes.push(begun);
    return { end: (isAcked) => Object.assign(begun, { endMs: this.#nowMs() + (isAcked ? 0 : this.#afterFailureMs), isAcked }) };
  }

  /** One sentence for each cell that is back from the dead, and for each that vanished. */
  problemsOf(read: Cells): readonly string[] {
    return [...this.#returned(read), ...this.#vanished(read)];
  }

  #returned(read: Cells): readonly string[] {
    return [...read].flatMap(([cell, value]) => {
      const write = this.#writes.find((each) => each.cell === cell && each.value === value);
      if (write === undefined) return [`${cell} = ${String(value)} was never written`];
      const hiding = this.#deletes.find((each) => each.isAcked && each.hides(cell) && each.startMs > write.endMs);
      return hiding === undefined ? [] : [`${cell} = ${String(value)} of ${write.endMs} ms is back: it was deleted at ${hiding.startMs} ms`];
    });
  }

  #vanished(read: Cells): readonly string[] {
    const due = this.#writes.filter(({ cell, isAcked, startMs }) => isAcked && !read.has(cell) && !this.#deletes.some((each) => each.hides(cell) && each.endMs >= startMs));
    return due.map(({ cell, value, startMs }) => `${cell} = ${String(value)} of ${startMs} ms vanished: no delete was under way since`);
  }
}
