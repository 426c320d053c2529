import { assert } from '@varve/base';
import type { RaftConfig } from './ready.ts';

/** How long nothing was heard, in ticks, and how long that may last before this peer stands for election. */
export class ElectionTimer {
  readonly #config: RaftConfig;
  #elapsed = 0;
  #timeout = 0;

  constructor(config: RaftConfig) {
    assert(config.heartbeatTickCount < config.electionTickCount, 'several heartbeats fit into an election timeout');
    this.#config = config;
    this.redraw();
  }

  tick(): void {
    this.#elapsed += 1;
  }

  /** Something was heard. */
  reset(): void {
    this.#elapsed = 0;
  }

  /** Begins again with another length: so that peers which collided once do not for ever. */
  redraw(): void {
    const { electionTickCount, randomUint32 } = this.#config;
    this.#elapsed = 0;
    this.#timeout = electionTickCount + (randomUint32() % electionTickCount);
  }

  /** No other peer that heard the same can have been elected yet. */
  get isWithinLease(): boolean {
    return this.#elapsed < this.#config.electionTickCount;
  }

  get isOver(): boolean {
    return this.#elapsed >= this.#timeout;
  }
}
