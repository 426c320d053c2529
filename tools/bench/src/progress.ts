const INTERVAL_MS = 1_000;

/** A line that rewrites itself with rate and time left, from the first second on. */
export interface Progress {
  /** `count` of the total is done. */
  at(count: number): void;
  /** Clears the line. */
  end(): void;
}

/** On a terminal only: elsewhere a line that rewrites itself is noise. */
export function startProgress(options: {
  readonly label: string;
  readonly total: number;
  readonly unit: string;
}): Progress {
  const { label, total, unit } = options;
  const startedMs = performance.now();
  const isVisible = process.stderr.isTTY;
  let nextMs = startedMs + INTERVAL_MS;
  const rewrite = (text: string): boolean => isVisible && process.stderr.write(`\r\u001B[K${text}`);
  return {
    at(count) {
      const nowMs = performance.now();
      if (nowMs < nextMs) return;
      nextMs = nowMs + INTERVAL_MS;
      const perSecond = (count / (nowMs - startedMs)) * 1_000;
      rewrite(
        `${label}: ${count} of ${total} ${unit}, ${perSecond.toFixed(0)}/s, ${((total - count) / perSecond).toFixed(0)} s left`,
      );
    },
    end: () => void rewrite(''),
  };
}
