import {
  joinNs,
  parseSeriesKey,
  valueAt,
  type FieldType,
  type FieldValue,
  type MeasurementTable,
  type PointBatch,
} from '@varve/model';

/**
 * One row as a line of line protocol, fields sorted, times in nanoseconds, without a newline: the inverse of
 * `parseLines`. For every row that came out of `parseLines` it gives a line that parses to the same row, unless a name holds a newline that
 * no backslash stands in front of, or a field's begins with a tab or zero byte: no line can say that in every place.
 */
export function formatPoint(batch: PointBatch, table: MeasurementTable, rowIndex: number): string {
  const { measurement, tags } = parseSeriesKey(batch.series[table.seriesIndexes[rowIndex]!]!.key);
  const tagTexts = tags.map(([key, value]) => `,${escapeTag(key)}=${escapeTag(value)}`);
  const fieldTexts = table.columns.flatMap(({ name, column }) => {
    const value = valueAt(column, rowIndex);
    return value === undefined ? [] : [`${escapeName(name)}=${formatValue(column.type, value)}`];
  });
  fieldTexts.sort();
  const timeNs = joinNs(table.times.ms[rowIndex]!, table.times.subNs[rowIndex]!);
  return `${escapeName(measurement)}${tagTexts.join('')} ${fieldTexts.join(',')} ${timeNs}`;
}

function formatValue(type: FieldType, value: FieldValue): string {
  switch (type) {
    case 'string':
      return `"${String(value).replaceAll(/["\\]/g, '\\$&')}"`;
    case 'integer':
      return `${value}i`;
    case 'float':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'boolean':
      return String(value);
  }
}

function escapeName(text: string): string {
  return /[," =]/.test(text) ? text.replaceAll(/[," =]/g, '\\$&') : text;
}

function escapeTag(text: string): string {
  return /[, =]/.test(text) ? text.replaceAll(/[, =]/g, '\\$&') : text;
}
