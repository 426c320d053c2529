import type { TagSet } from '@varve/model';

/** The value of a tag, '' where the series lacks it. */
export function tagValue(tags: TagSet, key: string): string {
  for (let place = 0; place < tags.length; place += 1) if (tags[place]![0] === key) return tags[place]![1];
  return '';
}
