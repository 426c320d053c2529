import { compareVersions, type Version } from '@varve/model';

/** Which version each row has: row i has `versions[ordinals[i]]`. Versions ascend and each is used. */
export interface RowVersions {
  readonly versions: readonly Version[];
  readonly ordinals: Uint32Array;
}

/** Any dictionary (unsorted, repeating, with versions that no row has) in the one form above: a greater ordinal is a greater version. */
export function rowVersions(dictionary: readonly Version[], ordinals: Uint32Array): RowVersions {
  const used = usedOrdinals(dictionary.length, ordinals);
  if (used.length === dictionary.length && isAscending(dictionary)) return { versions: dictionary, ordinals };
  used.sort((left, right) => compareVersions(dictionary[left]!, dictionary[right]!));
  const versions: Version[] = [];
  const ordinalOf = new Uint32Array(dictionary.length);
  for (const ordinal of used) {
    const version = dictionary[ordinal]!;
    const last = versions.at(-1);
    if (last === undefined || compareVersions(last, version) !== 0) versions.push(version);
    ordinalOf[ordinal] = versions.length - 1;
  }
  return { versions, ordinals: ordinals.map((ordinal) => ordinalOf[ordinal]!) };
}

/** The versions of rows that stand one after the other. A dictionary that parts share is looked at once. */
export function concatVersions(parts: readonly RowVersions[]): RowVersions {
  if (parts.length === 1) return parts[0]!;
  const rowCount = parts.reduce((sum, { ordinals }) => sum + ordinals.length, 0);
  const ordinals = new Uint32Array(rowCount);
  const dictionary: Version[] = [];
  const starts = new Map<readonly Version[], number>();
  let startRow = 0;
  for (const part of parts) {
    let start = starts.get(part.versions);
    if (start === undefined) {
      starts.set(part.versions, (start = dictionary.length));
      for (const version of part.versions) dictionary.push(version);
    }
    for (let row = 0; row < part.ordinals.length; row += 1) ordinals[startRow + row] = part.ordinals[row]! + start;
    startRow += part.ordinals.length;
  }
  return rowVersions(dictionary, ordinals);
}

/** The same for a few rows of many: with the versions that they have, and no others. */
export function narrowVersions({ versions, ordinals }: RowVersions): RowVersions {
  const used = Uint32Array.from(new Set(ordinals)).sort();
  const ordinalOf = new Map(Array.from(used, (ordinal, index) => [ordinal, index]));
  return { versions: Array.from(used, (ordinal) => versions[ordinal]!), ordinals: ordinals.map((ordinal) => ordinalOf.get(ordinal)!) };
}

function usedOrdinals(dictionarySize: number, ordinals: Uint32Array): number[] {
  const isUsed = new Uint8Array(dictionarySize);
  for (let row = 0; row < ordinals.length; row += 1) isUsed[ordinals[row]!] = 1;
  const used: number[] = [];
  for (let ordinal = 0; ordinal < dictionarySize; ordinal += 1) if (isUsed[ordinal] === 1) used.push(ordinal);
  return used;
}

function isAscending(versions: readonly Version[]): boolean {
  for (let index = 1; index < versions.length; index += 1) {
    if (compareVersions(versions[index - 1]!, versions[index]!) >= 0) return false;
  }
  return true;
}
