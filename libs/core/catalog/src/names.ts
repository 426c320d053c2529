const NAME_SIZE_BYTES_MAX = 255;
/** What Go's unicode.IsPrint accepts: letters, marks, numbers, punctuation, symbols and the plain space. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u;

/**
 * What is wrong with a name of a database, retention policy or node, in InfluxDB's words; undefined when nothing is.
 * Such a name never leads out of a directory: no separators, no `.` or `..`.
 */
export function nameProblem(name: string): string | undefined {
  if (!PRINTABLE.test(name) || name === '.' || name === '..' || /[/\\]/.test(name)) return 'invalid name';
  return longNameProblem(name);
}

/** The same of a name of which InfluxDB takes every text: of a user, a continuous query, a subscription. */
export function longNameProblem(name: string): string | undefined {
  return new TextEncoder().encode(name).length > NAME_SIZE_BYTES_MAX ? 'name too long' : undefined;
}
