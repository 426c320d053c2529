import { expect, test } from 'vitest';
import { bucketOf } from './v2-bucket.ts';

test('a bucket is a database and, behind the first slash, a policy', () => {
  const check = (bucket: string, database: string, retentionPolicy: string | undefined): void =>
    expect(bucketOf(new URLSearchParams({ bucket })), bucket).toEqual({ database, retentionPolicy });

  check('db', 'db', undefined);
  check('db/', 'db', undefined);
  check('db/rp', 'db', 'rp');
  check('db/rp/x', 'db', 'rp/x');
  check('a b/ü', 'a b', 'ü');
});

test('a bucket without a database is refused in the words of InfluxDB 1.8', () => {
  expect(() => bucketOf(new URLSearchParams())).toThrow('bucket name "" is missing a slash; not in "database/retention-policy" format');
  expect(() => bucketOf(new URLSearchParams({ bucket: '/rp' }))).toThrow('bucket name "/rp" is in db/rp form but has an empty database');
});
