import type { Figures } from './measure.ts';
import { QUERY_KINDS } from './query-kinds.ts';
import { formatCell, formatRatio, ratioOf, table } from './table.ts';

const MIB = 2 ** 20;

/** A table of all figures, one column per system; with peers, a last column: Varve as a multiple of the best of them. */
export function reportOf(all: readonly Figures[], withQueries: boolean): string {
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
  const figures = table([
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
    ...(withQueries
      ? QUERY_KINDS.map(({ name }) => line(`${name}, queries/s`, ({ queries }) => queries.get(name)?.perSecond, 'more'))
      : []),
  ]);
  return figures + differencesOf(varve, peers);
}

/** All were asked the same first question of each kind, over the same rows: as many rows must come back. */
function differencesOf(varve: Figures, peers: readonly Figures[]): string {
  const lines = peers.flatMap(({ system, queries }) =>
    [...queries].flatMap(([kind, { rowCount }]) => {
      const own = varve.queries.get(kind)?.rowCount;
      return rowCount === undefined || own === rowCount
        ? []
        : [`${kind}: ${own} rows, but ${rowCount} from ${system.name}\n`];
    }),
  );
  return lines.length === 0 ? '' : `\nAnswers differ:\n${lines.join('')}`;
}
