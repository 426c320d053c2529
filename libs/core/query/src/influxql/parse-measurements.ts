import type { MeasurementSource, Target } from './ast.ts';
import { parseSegments } from './parse-names.ts';
import type { TokenStream } from './token-stream.ts';

/** `FROM measurement, …`, when it is there. */
export function parseOptionalFrom(stream: TokenStream): readonly MeasurementSource[] {
  return stream.accept('FROM') ? parseMeasurements(stream) : [];
}

/** `measurement, …` */
function parseMeasurements(stream: TokenStream): readonly MeasurementSource[] {
  const measurements = [parseMeasurement(stream)];
  while (stream.accept(',')) measurements.push(parseMeasurement(stream));
  return measurements;
}

/** `[[database.]policy.]name` or `[[database.]policy.]/regex/`. */
export function parseMeasurement(stream: TokenStream): MeasurementSource {
  const pattern = stream.acceptRegex();
  if (pattern !== undefined) return regexSource(pattern);
  const { names, endsWithPoint } = parseSegments(stream);
  const regex = endsWithPoint && names.length < 3 ? stream.acceptRegex() : undefined;
  const owners = regex === undefined ? names.slice(0, -1) : names;
  return { kind: 'measurement', ...ownersOf(owners), name: regex === undefined ? names.at(-1) : undefined, regex };
}

/** All measurements whose names match. */
export function regexSource(pattern: string): MeasurementSource {
  return { kind: 'measurement', database: undefined, retentionPolicy: undefined, name: undefined, regex: pattern };
}

/** `INTO [[database.]policy.]measurement`, where `:MEASUREMENT` may stand for the name; undefined without INTO. */
export function parseTarget(stream: TokenStream): Target | undefined {
  if (!stream.accept('INTO')) return undefined;
  const { names, endsWithPoint } = parseSegments(stream);
  if (!endsWithPoint || names.length === 3) return { ...ownersOf(names.slice(0, -1)), measurement: names.at(-1) };
  stream.expect(':', 'MEASUREMENT');
  return { ...ownersOf(names), measurement: undefined };
}

/** The last of up to two names is a policy. */
function ownersOf(names: readonly string[]): Pick<Target, 'database' | 'retentionPolicy'> {
  return { database: names.at(-2) || undefined, retentionPolicy: names.at(-1) || undefined };
}
