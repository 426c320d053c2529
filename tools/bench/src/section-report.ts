import { formatCell, formatRatio, ratioOf, table } from './table.ts';
import type { Bound, Figure } from './figure.ts';

/** What one measurement found, under its title. */
export interface Section {
  readonly title: string;
  /** Its columns: Varve first, then the peers. */
  readonly systemNames: readonly string[];
  readonly figures: readonly Figure[];
}

/** A table for people; a figure's floor and aim stand beside it, and which of them Varve reaches. */
export function sectionReportOf({ title, figures, systemNames }: Section): string {
  return `${title}\n${sectionTable(figures, systemNames)}`;
}

function sectionTable(figures: readonly Figure[], systemNames: readonly string[]): string {
  const [own, ...peers] = systemNames as [string, ...string[]];
  const header = ['', own, ...peers, ...(peers.length === 0 ? [] : [`${own} : best`]), 'floor', 'aim', 'reached'];
  const lines = figures.map(({ name, better, values, bound }) => {
    const ratio = ratioOf(
      values.get(own),
      peers.map((peer) => values.get(peer)),
      better,
    );
    return [
      ...[`  ${name}`, ...systemNames.map((system) => (values.has(system) ? formatCell(values.get(system)) : ''))],
      ...(peers.length === 0 ? [] : [formatRatio(ratio)]),
      ...boundCells(bound, reachedOf({ value: values.get(own), ratio, better, bound })),
    ];
  });
  return table([header, ...lines]);
}

function boundCells(bound: Bound | undefined, reached: string): readonly string[] {
  if (bound === undefined) return ['', '', ''];
  const format = (value: number): string => (bound.of === 'best peer' ? `${value} ×` : value.toLocaleString('en'));
  return [format(bound.floor), format(bound.aim), reached];
}

/** 'aim', 'floor', or 'no'; '?' where nothing can be said. */
export function reachedOf({
  value,
  ratio,
  better,
  bound,
}: Omit<Figure, 'name' | 'values'> & {
  readonly value: number | string | undefined;
  readonly ratio: number | undefined;
}): string {
  if (bound === undefined) return '';
  const measured = bound.of === 'best peer' ? ratio : value;
  if (typeof measured !== 'number') return '?';
  const isMore = bound.of === 'best peer' || better === 'more';
  const keepsTo = (limit: number): boolean => (isMore ? measured >= limit : measured <= limit);
  return keepsTo(bound.aim) ? 'aim' : keepsTo(bound.floor) ? 'floor' : 'no';
}
