import type { KeyMatch } from '../influxql/ast.ts';
import { textMatcher } from '../influxql/text-matcher.ts';

/** A test for the tag keys that `WITH KEY …` names. */
export function keyMatcher(match: KeyMatch): (key: string) => boolean {
  switch (match.operator) {
    case '=':
      return (key) => key === match.key;
    case '!=':
      return (key) => key !== match.key;
    case 'IN':
      return (key) => match.keys.includes(key);
    case '=~':
      return textMatcher(match.pattern);
    case '!~': {
      const matches = textMatcher(match.pattern);
      return (key) => !matches(key);
    }
  }
}
