import type { TagFilter } from '@varve/model';

/** The filter as its definition has it, for one series. */
export function passes(tags: ReadonlyMap<string, string>, filter: TagFilter): boolean {
  switch (filter.kind) {
    case 'all':
      return true;
    case 'and':
      return filter.parts.every((part) => passes(tags, part));
    case 'or':
      return filter.parts.some((part) => passes(tags, part));
    case 'equals':
      return (tags.get(filter.key) ?? '') === filter.value;
    case 'among':
      return filter.values.has(tags.get(filter.key) ?? '');
    case 'test':
      return filter.test(tags.get(filter.key) ?? '');
  }
}
