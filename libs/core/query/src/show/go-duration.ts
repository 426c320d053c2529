/** A duration as Go prints it: `168h0m0s`, `1m30s`, `1.5s`, `250ms`, `0s`. */
export function formatGoDuration(ns: bigint): string {
  if (ns === 0n) return '0s';
  if (ns < 0n) return `-${formatGoDuration(-ns)}`;
  if (ns < 1_000n) return `${ns}ns`;
  if (ns < 1_000_000n) return `${decimal(ns, 3)}µs`;
  if (ns < NS_PER_S) return `${decimal(ns, 6)}ms`;
  const minutes = ns / (60n * NS_PER_S);
  const seconds = `${decimal(ns % (60n * NS_PER_S), 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** How long a query runs, as InfluxDB prints it: whole seconds, below one whole milliseconds, below one whole microseconds. */
export function formatCoarseDuration(elapsedMs: number): string {
  const ns = BigInt(Math.max(0, Math.round(elapsedMs * 1e6)));
  const unit = [NS_PER_S, 1_000_000n, 1_000n].find((each) => ns >= each) ?? 1n;
  return formatGoDuration(ns - (ns % unit));
}

const NS_PER_S = 1_000_000_000n;

/** A whole number of 10^-digits units, without trailing zeros. */
function decimal(value: bigint, digits: number): string {
  const text = value.toString().padStart(digits + 1, '0');
  const fraction = text.slice(-digits).replace(/0+$/, '');
  return fraction === '' ? text.slice(0, -digits) : `${text.slice(0, -digits)}.${fraction}`;
}
