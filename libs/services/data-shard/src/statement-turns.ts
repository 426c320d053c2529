import { Turns } from '@varve/kit';
import type { Clock } from '@varve/ports';
import type { ShardPlan } from '@varve/query';

/**
 * The turns that shards of one statement take together. Within a process they come with one plan, are asked at once and are read in one round
 * of the event loop, each too short to rest by itself. Over a wire each has a plan of its own.
 */
export class StatementTurns {
  readonly #clock: Clock;
  readonly #turns = new WeakMap<ShardPlan, Turns>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(plan: ShardPlan): Turns {
    let turns = this.#turns.get(plan);
    if (turns === undefined) this.#turns.set(plan, (turns = new Turns(this.#clock)));
    return turns;
  }
}
