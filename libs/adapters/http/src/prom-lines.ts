import { DbError, type SizeBytes } from '@varve/base';
import type { WriteSummary } from '@varve/ports';
import { writeRequestSeries, type PromSeries } from './prom-messages.ts';

/** As InfluxDB names what has no `__name__`. */
/** Where points without a name are. */
export const NO_NAME = 'prom_metric_not_specified';
const NAME_LABEL = '__name__';
/** Series, labels and samples that are read at a stretch: a few milliseconds. */
const PARTS_AT_A_TURN = 10_000;
/** Reasons of one answer; all samples are counted. */
const REASON_COUNT_MAX = 100;

/** A WriteRequest of Prometheus as line protocol with times in milliseconds. */
export interface PromLines {
  readonly bytes: Uint8Array;
  /** Samples that no line can say, and why. */
  readonly refused: WriteSummary['dropped'];
}

/**
 * Samples to points: `__name__` names the measurement and stays a tag, the other labels are tags, the value is the float
 * field `value`. What is no finite number (stale markers too) is dropped without a word, as InfluxDB 1.8 does.
 * @param turn between two stretches of work, so that a long request does not keep others waiting
 * @throws DbError REQUEST_INVALID, REQUEST_TOO_LARGE when the lines are longer than `sizeBytesMax`
 */
export async function promLines(request: Uint8Array, sizeBytesMax: SizeBytes, turn: () => Promise<void>): Promise<PromLines> {
  const pieces: string[] = [];
  const reasons: string[] = [];
  let length = 0;
  let refusedCount = 0;
  let partCount = 0;
  for (const series of writeRequestSeries(request)) {
    partCount += 1 + series.labels.length + series.samples.length;
    if (partCount >= PARTS_AT_A_TURN) {
      partCount = 0;
      await turn();
    }
    const refusal = refusalOf(series);
    if (refusal !== undefined) {
      refusedCount += series.samples.length;
      if (reasons.length < REASON_COUNT_MAX) reasons.push(refusal);
      continue;
    }
    const head = headOf(series);
    for (const { value, timeMs } of series.samples) {
      if (!Number.isFinite(value)) continue;
      const line = `${head} value=${Object.is(value, -0) ? '-0' : value} ${timeMs}\n`;
      length += line.length;
      if (length > sizeBytesMax) throw new DbError('REQUEST_TOO_LARGE', 'Request Entity Too Large');
      pieces.push(line);
    }
  }
  const refused = refusedCount === 0 ? undefined : { pointCount: refusedCount, reason: reasons.join('\n') };
  return { bytes: new TextEncoder().encode(pieces.join('')), refused };
}

/** What a series key cannot say: InfluxDB stores such series under a name that reads back as another one. */
function refusalOf({ labels }: PromSeries): string | undefined {
  for (const { name, value } of labels) {
    const texts = name === NAME_LABEL ? [value] : [name, value];
    if (texts.some((text) => /[\n\r\0]|\\(?:[,= ]|$)/.test(text))) return `unable to write label ${JSON.stringify(name)}: a line break, or a backslash before a comma, an equals sign, a blank or the end`;
    if (name === '' || name === 'time') return `unable to write label ${JSON.stringify(name)}: no tag can have this name`;
    if (name === NAME_LABEL && value.startsWith('#')) return `unable to write metric ${JSON.stringify(value)}: a name cannot begin with #`;
  }
  return undefined;
}

/** Of the same label twice the last one holds; an empty one is none. */
function headOf({ labels }: PromSeries): string {
  const tags = new Map(labels.map(({ name, value }) => [name, value]));
  const measurement = tags.get(NAME_LABEL) || NO_NAME;
  let head = measurement.replaceAll(/[, ]/g, '\\$&');
  for (const [name, value] of tags) if (value !== '') head += `,${escaped(name)}=${escaped(value)}`;
  return head;
}

function escaped(text: string): string {
  return text.replaceAll(/[,= ]/g, '\\$&');
}
