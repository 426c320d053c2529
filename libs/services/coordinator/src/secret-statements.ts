import { withoutUserInfo } from '@varve/model';
import { formatStatement, type Statement } from '@varve/query';

/**
 * The text of a query as it may stand in a log: as it was sent, or, where it holds a password, as its statements are printed.
 * Printed statements have no passwords of users, and none in the addresses of subscriptions here.
 */
export function loggableText(text: string, statements: readonly Statement[]): string {
  return statements.some(isSecret) ? statements.map(loggableStatement).join('; ') : text;
}

/** Why a statement failed, for a log: the text that refuses an address has the address in it. */
export function loggableReason(text: string, statement: Statement): string {
  return statement.kind === 'createSubscription' ? 'refused' : text;
}

function isSecret({ kind }: Statement): boolean {
  return kind === 'createUser' || kind === 'setPassword' || kind === 'createSubscription';
}

/** A statement as others may read it: in a log, and in SHOW QUERIES. */
export function loggableStatement(statement: Statement): string {
  if (statement.kind !== 'createSubscription') return formatStatement(statement);
  return formatStatement({ ...statement, destinations: statement.destinations.map(withoutUserInfo) });
}
