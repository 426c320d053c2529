import type { TagSet } from '@varve/model';

/** The value of a tag, '' where the series lacks it. */
export function tagValue(tags: TagSet, key: string): string {
  for (const [name, value] of tags) if (name === key) return value;
  return '';
}
