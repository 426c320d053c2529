import type { ResultItem } from '@varve/ports';
import { formatStatement, type Statement } from '@varve/query';

/** InfluxDB tells those who have changed something by GET. */
export function readOnlyWarning(statement: Statement, statementId: number): ResultItem {
  const text = `deprecated use of '${formatStatement(statement)}' in a read only context, please use a POST request instead`;
  return { kind: 'message', statementId, level: 'warning', text };
}
