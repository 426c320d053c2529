import type { ByteReader, ByteWriter } from '@varve/base';

/** What tells the groups of a query apart: the measurement and one value per dimension ('' where a series lacks the tag). */
export interface GroupKey {
  readonly measurement: string;
  readonly values: readonly string[];
}

/** The order of groups in an ascending answer. */
export function compareGroups(left: GroupKey, right: GroupKey): number {
  if (left === right) return 0;
  if (left.measurement !== right.measurement) return left.measurement < right.measurement ? -1 : 1;
  for (let index = 0; index < left.values.length; index += 1) {
    const [first, second] = [left.values[index]!, right.values[index]!];
    if (first !== second) return first < second ? -1 : 1;
  }
  return 0;
}

/** A text that two groups share only when they are one. */
export function groupId({ measurement, values }: GroupKey): string {
  return JSON.stringify([measurement, ...values]);
}

/** Both sides know from the plan how many dimensions there are. */
export function encodeGroupKey(writer: ByteWriter, { measurement, values }: GroupKey): void {
  writer.text(measurement);
  for (const value of values) writer.text(value);
}

/** The inverse of {@link encodeGroupKey}. @throws DbError MESSAGE_INVALID */
export function decodeGroupKey(reader: ByteReader, dimensionCount: number): GroupKey {
  const measurement = reader.text();
  const values: string[] = [];
  for (let index = 0; index < dimensionCount; index += 1) values.push(reader.text());
  return { measurement, values };
}
