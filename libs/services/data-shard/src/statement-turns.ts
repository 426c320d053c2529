import { Turns } from '@varve/kit';
import type { Clock } from '@varve/ports';
import type { ShardPlan } from '@varve/query';

interface Statement {
  readonly plan: ShardPlan;
  readonly turns: Turns;
  /** Shards that are read for it now. */
  readerCount: number;
}

/**
 * The turns that shards of one statement take together. Within a process they come with one plan, are asked at once and are read in one round
 * of the event loop, each too short to rest by itself. Over a wire each has a plan of its own.
 */
export class StatementTurns {
  readonly #clock: Clock;
  /** Those that are read, and the one that was read last: its next shard may follow. */
  #statements: readonly Statement[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Say `end` when the shard is read. */
  begin(plan: ShardPlan): Turns {
    let statement = this.#statements.find((each) => each.plan === plan);
    if (statement === undefined) {
      statement = { plan, turns: new Turns(this.#clock), readerCount: 0 };
      this.#statements = [...this.#statements.filter(({ readerCount }) => readerCount > 0), statement];
    }
    statement.readerCount += 1;
    return statement.turns;
  }

  end(plan: ShardPlan): void {
    const statement = this.#statements.find((each) => each.plan === plan);
    if (statement !== undefined) statement.readerCount -= 1;
  }
}
