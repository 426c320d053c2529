import type { SubscriptionStatement } from './ast.ts';
import { parseIdentifier, parseNameOnDatabase, parseStrings } from './parse-names.ts';
import type { TokenStream } from './token-stream.ts';

/** What stands behind CREATE SUBSCRIPTION. */
export function parseCreateSubscription(stream: TokenStream): SubscriptionStatement {
  const names = parseNameOnPolicy(stream);
  stream.expect('DESTINATIONS');
  const mode = parseMode(stream);
  return { kind: 'createSubscription', ...names, mode, destinations: parseStrings(stream) };
}

function parseMode(stream: TokenStream): 'ALL' | 'ANY' {
  if (stream.accept('ALL')) return 'ALL';
  if (!stream.accept('ANY')) stream.failExpected(['ALL', 'ANY']);
  return 'ANY';
}

/** What stands behind DROP SUBSCRIPTION. */
export function parseDropSubscription(stream: TokenStream): SubscriptionStatement {
  return { kind: 'dropSubscription', ...parseNameOnPolicy(stream) };
}

/** `name ON database.policy` */
function parseNameOnPolicy(stream: TokenStream): { readonly name: string; readonly database: string; readonly retentionPolicy: string } {
  const { name, database } = parseNameOnDatabase(stream);
  if (!stream.acceptAdjacent('.')) stream.failExpected(['.'], stream.peekAdjacent());
  return { name, database, retentionPolicy: parseIdentifier(stream) };
}
