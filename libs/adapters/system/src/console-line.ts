const LEVEL_NAMES: Readonly<Record<string, string>> = { debug: 'DEBUG', info: 'INFO ', warn: 'WARN ', error: 'ERROR' };

/** A JSON line of the log as people read it: `12:30:29.123 WARN  Hint dropped  nodeId=3 ageMs=86400000`. */
export function consoleLine(jsonLine: string): string {
  const { level, time, message, ...facts } = JSON.parse(jsonLine) as Record<string, unknown>;
  const head = `${String(time).slice(11, 23)} ${LEVEL_NAMES[String(level)] ?? String(level)} ${String(message)}`;
  const words = Object.entries(facts).map(([name, value]) => `${name}=${wordOf(value)}`);
  return `${[head, ...words].join('  ')}\n`;
}

/** Texts with spaces, controls or quotes are quoted, so that one event stays one line. */
function wordOf(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value);
}
