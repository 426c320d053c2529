import type { Figures } from './measure.ts';
import { formatCell, formatRatio, ratioOf, table } from './table.ts';

const MIB = 2 ** 20;

/** A table of all figures, one column per system; with peers, a last column: Varve as a multiple of the best of them. */
export function reportOf(all: readonly Figures[]): string {
  const [varve, ...peers] = all as [Figures, ...Figures[]];
  const line = (
    name: string,
    value: (figures: Figures) => number | string | undefined,
    better: 'more' | 'less',
  ): string[] => {
    const cells = all.map((figures) => value(figures));
    return [
      name,
      ...cells.map(formatCell),
      ...(peers.length === 0 ? [] : [formatRatio(ratioOf(value(varve), peers.map(value), better))]),
    ];
  };
  return table([
    ['', ...all.map(({ system }) => system.name), ...(peers.length === 0 ? [] : ['Varve : best'])],
    [
      'fsync before ack',
      ...all.map(({ system }) => (system.syncsBeforeAck ? 'yes' : 'no')),
      ...(peers.length === 0 ? [] : ['']),
    ],
    line('rows/s', ({ rowsPerSecond }) => rowsPerSecond, 'more'),
    line('bytes/value', ({ bytesPerValue }) => bytesPerValue, 'less'),
    line('resident MiB at the last ack', ({ atLastAck }) => atLastAck && atLastAck.residentBytes / MIB, 'less'),
    line('resident MiB at rest', ({ atRest }) => atRest && atRest.residentBytes / MIB, 'less'),
    line('peak MiB', ({ atRest }) => atRest && atRest.peakBytes / MIB, 'less'),
  ]);
}
