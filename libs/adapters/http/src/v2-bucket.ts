import { DbError } from '@varve/base';

/** What a bucket of InfluxDB 2's API means here. */
export interface BucketTarget {
  readonly database: string;
  /** undefined: the database's default. */
  readonly retentionPolicy: string | undefined;
}

/**
 * The parameter `bucket` of the routes under `/api/v2`: `database/policy`, or `database` alone. Only the first slash divides.
 * @throws DbError REQUEST_INVALID with InfluxDB 1.8's text
 */
export function bucketOf(parameters: URLSearchParams): BucketTarget {
  const bucket = parameters.get('bucket') ?? '';
  if (bucket === '') throw new DbError('REQUEST_INVALID', 'bucket name "" is missing a slash; not in "database/retention-policy" format');
  const slash = bucket.indexOf('/');
  if (slash === 0) throw new DbError('REQUEST_INVALID', `bucket name ${JSON.stringify(bucket)} is in db/rp form but has an empty database`);
  if (slash === -1) return { database: bucket, retentionPolicy: undefined };
  return { database: bucket.slice(0, slash), retentionPolicy: bucket.slice(slash + 1) || undefined };
}
