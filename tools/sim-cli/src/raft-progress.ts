import type { RaftRun } from '@varve/sim';

/** Tells how far many seeds have come, at what rate, and when they will be through. */
export class RaftProgress {
  readonly #count: number;
  readonly #startedMs = Date.now();
  #shownMs = Date.now();
  #doneCount = 0;
  #failedCount = 0;
  #simulatedMs = 0;

  constructor(count: number) {
    this.#count = count;
  }

  get failedCount(): number {
    return this.#failedCount;
  }

  say(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  add({ problems, simulatedMs }: RaftRun): void {
    this.#doneCount += 1;
    this.#simulatedMs += simulatedMs;
    if (problems.length > 0) this.#failedCount += 1;
    if (Date.now() - this.#shownMs < SHOW_INTERVAL_MS) return;
    this.#shownMs = Date.now();
    const leftMs = ((this.#count - this.#doneCount) * this.#elapsedMs) / this.#doneCount;
    this.say(`${this.#doneCount} of ${this.#count} seeds, ${this.#failedCount} failed, ${this.#rate}, ${Math.ceil(leftMs / 1_000)} s to go`);
  }

  end(): void {
    const hours = this.#simulatedMs / 3_600_000;
    const perHour = Math.round(this.#simulatedMs / this.#elapsedMs);
    const verdict = `${this.#count - this.#failedCount} of ${this.#count} seeds without a problem`;
    this.say(`${verdict}, ${this.#rate}, ${hours.toFixed(2)} h simulated, ${perHour} simulated hours per hour`);
  }

  get #elapsedMs(): number {
    return Math.max(1, Date.now() - this.#startedMs);
  }

  get #rate(): string {
    return `${((1_000 * this.#doneCount) / this.#elapsedMs).toFixed(1)} seeds/s`;
  }
}

const SHOW_INTERVAL_MS = 5_000;
