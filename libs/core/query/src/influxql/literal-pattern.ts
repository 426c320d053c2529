/** A pattern that asks for one of some texts and nothing else, such as the `^(a|b|c)$` that dashboards make of a list of names. */
interface LiteralPattern {
  readonly literals: readonly string[];
  readonly isStartAnchored: boolean;
  readonly isEndAnchored: boolean;
}

/** A test for texts that contain a match. */
export type TextTest = (text: string) => boolean;

/**
 * The test of a pattern that is a list of literals: a look into a set, with nothing to compile. undefined for any other, and for
 * those that a look at each place of a text would be slow for: literals of very many lengths, not anchored at both ends.
 */
export function literalTest(pattern: string): TextTest | undefined {
  const parsed = literalPattern(pattern);
  if (parsed === undefined) return undefined;
  const literals = new Set(parsed.literals);
  if (parsed.isStartAnchored && parsed.isEndAnchored) return (text) => literals.has(text);
  const lengths = [...new Set(parsed.literals.map((each) => each.length))];
  if (lengths.reduce((sum, each) => sum + each, 0) > LENGTH_SUM_MAX) return undefined;
  const hasAt = (text: string, at: number): boolean => lengths.some((length) => at + length <= text.length && literals.has(text.slice(at, at + length)));
  if (parsed.isStartAnchored) return (text) => hasAt(text, 0);
  if (parsed.isEndAnchored) return (text) => lengths.some((length) => length <= text.length && literals.has(text.slice(text.length - length)));
  return (text) => {
    for (let at = 0; at <= text.length; at += 1) if (hasAt(text, at)) return true;
    return false;
  };
}

/** Of the different lengths of literals: about how many characters are looked at for each of a text. */
const LENGTH_SUM_MAX = 256;

/** `^`, alternatives in a group or one alone, `$`. Alternatives without a group have no anchors: `^a|b$` means something else. */
function literalPattern(pattern: string): LiteralPattern | undefined {
  const isStartAnchored = pattern.startsWith('^');
  const isEndAnchored = pattern.endsWith('$');
  const inner = pattern.slice(isStartAnchored ? 1 : 0, isEndAnchored ? -1 : undefined);
  const opening = inner.endsWith(')') ? (GROUP_OPENINGS.find((each) => inner.startsWith(each)) ?? '') : '';
  const text = opening === '' ? inner : inner.slice(opening.length, -1);
  // Half of a pair of UTF-16 could be found within a whole one.
  if (MEANS_MORE.test(text.replaceAll(ESCAPED, '')) || !text.isWellFormed()) return undefined;
  const literals = text.split('|').map((each) => each.replaceAll(ESCAPED, '$1'));
  if (opening === '' && literals.length > 1 && (isStartAnchored || isEndAnchored)) return undefined;
  return { literals, isStartAnchored, isEndAnchored };
}

const GROUP_OPENINGS = ['(?:', '('];
/** Only punctuation stands for itself; an escaped `|` is left to RE2. */
const ESCAPED = /\\([!-/:-@[-`{}~])/g;
const MEANS_MORE = /[\\^$.?*+()[\]{}]/;
