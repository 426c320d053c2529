import type { InstantMs } from '@varve/base';
import type { IncarnationId } from '@varve/model';
import type { Clock } from '@varve/ports';
import type { Statement } from '@varve/query';
import { QueryEnd } from './query-end.ts';
import { loggableStatement } from './secret-statements.ts';

/** A query as SHOW QUERIES tells of it. */
export interface QueryFacts {
  readonly id: number;
  /** Its statements as they are printed: without passwords, and cut where it is long. */
  readonly text: string;
  readonly database: string;
  readonly elapsedMs: number;
  /** A killed one ends as soon as it notices. */
  readonly status: 'running' | 'killed';
}

/** A query that runs, for who runs it. */
export interface RunningQuery {
  /** Comes with 'killed' when it is killed. */
  readonly end: QueryEnd;
  /** How many queries took up room here when it began; undefined: it takes up none itself. */
  readonly earlierCount: number | undefined;
  /** It does not run any more; once is enough. */
  done(): void;
}

interface Entry {
  readonly statements: readonly Statement[];
  readonly database: string;
  readonly sinceMs: InstantMs;
  readonly end: QueryEnd;
}

/** So many ids are given to an incarnation before they come again. */
const IDS_PER_INCARNATION = 1_000_000_000;
/** So that ids are exact in JSON. */
const PREFIX_COUNT = 9_000_000;
const TEXT_LENGTH_MAX = 2_000;

/**
 * The queries that run on a coordinator. Ids are unique in the cluster (KQ1 of docs/specs/show.md): 3000000017 is the 17th query of
 * incarnation 3. Before the first incarnation is open they are unique here alone.
 */
export class RunningQueries {
  readonly #clock: Clock;
  readonly #entries = new Map<number, Entry>();
  #roomCount = 0;
  #prefix = 0;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Those that count for `max-concurrent-queries`: there is always room to see what runs, and to end it (KQ4). */
  get roomCount(): number {
    return this.#roomCount;
  }

  /** Ids of this incarnation from now on. */
  follow(incarnation: IncarnationId): void {
    this.#prefix = incarnation % PREFIX_COUNT;
  }

  /** `onEnded` is called when it is ended before its end. */
  begin(statements: readonly Statement[], database: string | undefined, onEnded?: () => void): RunningQuery {
    const id = this.#nextId();
    const end = new QueryEnd(onEnded);
    this.#entries.set(id, { statements, database: database ?? '', sinceMs: this.#clock.monotonicMs(), end });
    const takesRoom = statements.some(({ kind }) => kind !== 'showQueries' && kind !== 'killQuery');
    const earlierCount = takesRoom ? this.#roomCount++ : undefined;
    const done = (): void => {
      if (this.#entries.delete(id) && takesRoom) this.#roomCount -= 1;
    };
    return { end, earlierCount, done };
  }

  /** Oldest first. */
  list(): readonly QueryFacts[] {
    const nowMs = this.#clock.monotonicMs();
    return Array.from(this.#entries, ([id, { statements, database, sinceMs, end }]) => ({
      id,
      text: textOf(statements),
      database,
      elapsedMs: nowMs - sinceMs,
      status: end.reason === 'killed' ? 'killed' : 'running',
    }));
  }

  /** Returns whether it runs here. */
  kill(id: number): boolean {
    const entry = this.#entries.get(id);
    entry?.end.because('killed');
    return entry !== undefined;
  }

  #nextId(): number {
    for (;;) {
      this.#count = (this.#count % (IDS_PER_INCARNATION - 1)) + 1;
      const id = this.#prefix * IDS_PER_INCARNATION + this.#count;
      if (!this.#entries.has(id)) return id;
    }
  }
}

/** Statements behind the length are not even printed. */
function textOf(statements: readonly Statement[]): string {
  let text = '';
  for (const statement of statements) {
    text += `${text === '' ? '' : ';\n'}${loggableStatement(statement)}`;
    if (text.length > TEXT_LENGTH_MAX) return `${text.slice(0, TEXT_LENGTH_MAX)}…`;
  }
  return text;
}
