import { LIMITS } from '@varve/config';
import type { Catalog, ContinuousQuery } from '@varve/model';
import { longNameProblem } from './names.ts';
import { applied, databaseNotFound, limitReached, rejected, withDatabase, without, type Command, type Outcome } from './outcome.ts';

/** The same query once more is no error, in whatever case it is written. */
export function createContinuousQuery(catalog: Catalog, command: Command<'createContinuousQuery'>): Outcome {
  const { name, query } = command;
  const database = catalog.databases.get(command.database);
  if (database === undefined) return databaseNotFound(catalog, command.database);
  if (name === '') return rejected(catalog, 'invalidName', 'invalid name');
  const known = database.continuousQueries?.get(name);
  if (known !== undefined) {
    const isSame = known.query.toLowerCase() === query.toLowerCase();
    return isSame ? applied(catalog) : rejected(catalog, 'continuousQueryExists', 'continuous query already exists');
  }
  const { continuousQueryCountMax: countMax, continuousQuerySizeBytesMax: sizeBytesMax } = LIMITS;
  const tooLong = longNameProblem(name);
  if (tooLong !== undefined) return rejected(catalog, 'invalidName', tooLong);
  if (new TextEncoder().encode(query).length > sizeBytesMax)
    return rejected(catalog, 'limitReached', `a continuous query has at most ${sizeBytesMax} bytes, with the names of databases and policies filled in`);
  if ((database.continuousQueries?.size ?? 0) >= countMax) return limitReached(catalog, `a database has at most ${countMax} continuous queries`);
  const continuousQueries = new Map<string, ContinuousQuery>(database.continuousQueries).set(name, { name, query });
  return applied(withDatabase(catalog, { ...database, continuousQueries }));
}

/** What is not there is dropped already, as in InfluxDB. */
export function dropContinuousQuery(catalog: Catalog, command: Command<'dropContinuousQuery'>): Outcome {
  const database = catalog.databases.get(command.database);
  if (database?.continuousQueries?.has(command.name) !== true) return applied(catalog);
  const { continuousQueries, ...rest } = database;
  const left = without(continuousQueries!, command.name);
  return applied(withDatabase(catalog, left.size === 0 ? rest : { ...rest, continuousQueries: left }));
}
