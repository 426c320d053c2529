import { DbError } from '@varve/base';
import { EMPTY_MEMBERSHIP, type StoredMembership } from '@varve/ports';

/** As JSON in a fixed order; empty for the membership that nobody knows. */
export function membershipText({ voters, outgoing, learners, greatestId }: StoredMembership): string {
  return voters.length === 0 ? '' : JSON.stringify({ voters, outgoing, learners, greatestId });
}

/** The checksum was right, so what cannot be read was not written by this version. @throws DbError STORAGE_CORRUPT */
export function membershipFrom(text: string, file: string): StoredMembership {
  if (text === '') return EMPTY_MEMBERSHIP;
  const value = parsed(text);
  const lists = ['voters', 'outgoing', 'learners'].map((name) => Reflect.get(value, name) as unknown);
  const greatestId = Reflect.get(value, 'greatestId') as unknown;
  if (!lists.every(isPeerList) || !isPeer(greatestId))
    throw new DbError('STORAGE_CORRUPT', `catalog file ${file}: the snapshot's membership cannot be read`, { file });
  const [voters, outgoing, learners] = lists as [readonly number[], readonly number[], readonly number[]];
  return { voters, outgoing, learners, greatestId };
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function isPeerList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isPeer);
}

function isPeer(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
