import type { Random } from '@varve/ports';

/** Tells one run of a process from every other. */
export function newBootId(random: Random): string {
  return [random.uint32(), random.uint32()].map((each) => each.toString(16).padStart(8, '0')).join('');
}
