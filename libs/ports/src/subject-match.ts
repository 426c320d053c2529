/**
 * Whether a subscription's pattern takes a subject: `*` stands for exactly one token, `>` as the last token for one or
 * more. Tokens are separated by dots.
 */
export function subjectMatches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const tokens = subject.split('.');
  for (const [index, token] of wanted.entries()) {
    if (token === '>' && index === wanted.length - 1) return tokens.length > index;
    if (token !== '*' && token !== tokens[index]) return false;
    if (index >= tokens.length) return false;
  }
  return tokens.length === wanted.length;
}

/** Whether a pattern stands for more than the one subject that it spells. */
export function isWildcard(pattern: string): boolean {
  if (!pattern.includes('*') && !pattern.includes('>')) return false;
  return pattern.split('.').some((token) => token === '*' || token === '>');
}
