import type { Cell, SeriesBlock, TagSet } from '@varve/model';

/** What one module says of itself: a row of SHOW STATS or SHOW DIAGNOSTICS. */
export interface ModuleReport {
  readonly module: string;
  /** Which of several it is. */
  readonly tags?: TagSet | undefined;
  readonly values: Readonly<Record<string, Cell>>;
}

/** The answer to SHOW STATS and SHOW DIAGNOSTICS: a series per report, columns by name; of one module where one is asked for, none where there is none. */
export function reportRows(reports: readonly ModuleReport[], module: string | undefined): readonly SeriesBlock[] {
  return reports
    .filter((report) => module === undefined || report.module === module)
    .map(({ module: name, tags, values }) => {
      const columns = Object.keys(values).sort();
      return { name, tags, columns, times: undefined, cells: columns.map((column) => [values[column]!]), rowCount: 1, isPartial: false };
    });
}
