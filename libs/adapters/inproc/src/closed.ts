import { DbError } from '@varve/base';

/** What a closed bus refuses with. */
export function closed(): DbError {
  return new DbError('BUS_CLOSED', 'the bus is closed');
}
