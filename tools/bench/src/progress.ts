const INTERVAL_MS = 1_000;
const LOG_INTERVAL_MS = 10_000;

/** Rate and time left, from the first second on: a line that rewrites itself on a terminal, now and then a new one elsewhere. */
export interface Progress {
  /** `count` of the total is done. */
  at(count: number): void;
  /** Clears the line. */
  end(): void;
}

/** Starts the clock. Says nothing about what is done within a second. */
export function startProgress(options: {
  readonly label: string;
  readonly total: number;
  readonly unit: string;
}): Progress {
  const { label, total, unit } = options;
  const startedMs = performance.now();
  const isTerminal = process.stderr.isTTY;
  const intervalMs = isTerminal ? INTERVAL_MS : LOG_INTERVAL_MS;
  let nextMs = startedMs + intervalMs;
  const say = (text: string): boolean => process.stderr.write(isTerminal ? `\r\u001B[K${text}` : `${text}\n`);
  return {
    at(count) {
      const nowMs = performance.now();
      if (nowMs < nextMs) return;
      nextMs = nowMs + intervalMs;
      const perSecond = (count / (nowMs - startedMs)) * 1_000;
      const rate = perSecond.toFixed(perSecond < 10 ? 1 : 0);
      say(`${label}: ${count} of ${total} ${unit}, ${rate}/s, ${((total - count) / perSecond).toFixed(0)} s left`);
    },
    end() {
      if (isTerminal) say('');
    },
  };
}
