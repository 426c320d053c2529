import { Turns } from '@varve/kit';
import type { Clock } from '@varve/ports';
import type { ShardPlan } from '@varve/query';

/** Statements whose shards are asked at the same time; of more some shards take turns of their own. */
const RECENT_COUNT_MAX = 16;

/**
 * The turns that shards of one statement take together. Within a process they come with one plan, are asked at once and are read in one round
 * of the event loop, each too short to rest by itself. Over a wire each has a plan of its own.
 */
export class StatementTurns {
  readonly #clock: Clock;
  /** The newest is the last. */
  readonly #recent: { readonly plan: ShardPlan; readonly turns: Turns }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(plan: ShardPlan): Turns {
    for (const recent of this.#recent) if (recent.plan === plan) return recent.turns;
    const turns = new Turns(this.#clock);
    if (this.#recent.push({ plan, turns }) > RECENT_COUNT_MAX) this.#recent.shift();
    return turns;
  }
}
