import type { Prng } from '@varve/base';
import { FIELDS, START_MS, STEP_MS, type Workload } from '../workload.ts';

// The fifteen query kinds of TSBS's cpu-only use case. Each draws hosts and windows at random per query; what it asks is
// kept apart from how it is asked, so that every system is asked for the same.

const HOUR_MS = 3_600_000;

/** What one query asks for. `hosts` empty: all of them. */
export interface Question {
  readonly shape: 'grouped' | 'double' | 'high' | 'last' | 'limited';
  readonly fields: readonly string[];
  readonly hosts: readonly string[];
  /** Half-open. */
  readonly startMs: number;
  readonly endMs: number;
  readonly window: '1m' | '1h';
}

/** What there is to ask about. */
export type Written = Pick<Workload, 'hostCount' | 'endMs'>;

export interface QueryKind {
  readonly name: string;
  draw(random: Prng, written: Written): Question;
}

/** In the order of TSBS's tables. */
export const QUERY_KINDS: readonly QueryKind[] = [
  grouped({ name: 'single-groupby-1-1-1', fieldCount: 1, hostCount: 1, hours: 1, window: '1m' }),
  grouped({ name: 'single-groupby-1-1-12', fieldCount: 1, hostCount: 1, hours: 12, window: '1m' }),
  grouped({ name: 'single-groupby-1-8-1', fieldCount: 1, hostCount: 8, hours: 1, window: '1m' }),
  grouped({ name: 'single-groupby-5-1-1', fieldCount: 5, hostCount: 1, hours: 1, window: '1m' }),
  grouped({ name: 'single-groupby-5-1-12', fieldCount: 5, hostCount: 1, hours: 12, window: '1m' }),
  grouped({ name: 'single-groupby-5-8-1', fieldCount: 5, hostCount: 8, hours: 1, window: '1m' }),
  grouped({ name: 'cpu-max-all-1', fieldCount: 10, hostCount: 1, hours: 8, window: '1h' }),
  grouped({ name: 'cpu-max-all-8', fieldCount: 10, hostCount: 8, hours: 8, window: '1h' }),
  overTime({ name: 'double-groupby-1', shape: 'double', fieldCount: 1, hostCount: 0, hours: 12, window: '1h' }),
  overTime({ name: 'double-groupby-5', shape: 'double', fieldCount: 5, hostCount: 0, hours: 12, window: '1h' }),
  overTime({ name: 'double-groupby-all', shape: 'double', fieldCount: 10, hostCount: 0, hours: 12, window: '1h' }),
  overTime({ name: 'high-cpu-1', shape: 'high', fieldCount: 10, hostCount: 1, hours: 12, window: '1h' }),
  overTime({ name: 'high-cpu-all', shape: 'high', fieldCount: 10, hostCount: 0, hours: 12, window: '1h' }),
  overTime({ name: 'lastpoint', shape: 'last', fieldCount: 10, hostCount: 0, hours: 12, window: '1h' }),
  overTime({ name: 'groupby-orderby-limit', shape: 'limited', fieldCount: 1, hostCount: 0, hours: 1, window: '1m' }),
];

/** The question in InfluxQL. */
export function influxqlOf({ shape, fields, hosts, startMs, endMs, window }: Question): string {
  const [start, end] = [startMs, endMs].map((ms) => new Date(ms).toISOString());
  const during = `time >= '${start}' AND time < '${end}'`;
  const onHosts = hosts.length === 0 ? '' : `(${hosts.map((host) => `hostname = '${host}'`).join(' OR ')}) AND `;
  const each = (name: string): string => fields.map((field) => `${name}(${field})`).join(', ');
  switch (shape) {
    case 'grouped':
      return `SELECT ${each('max')} FROM cpu WHERE ${onHosts}${during} GROUP BY time(${window})`;
    case 'double':
      return `SELECT ${each('mean')} FROM cpu WHERE ${onHosts}${during} GROUP BY time(${window}), hostname`;
    case 'high':
      return `SELECT * FROM cpu WHERE ${onHosts}usage_user > 90.0 AND ${during}`;
    case 'last':
      return 'SELECT * FROM cpu GROUP BY "hostname" ORDER BY time DESC LIMIT 1';
    case 'limited':
      return `SELECT max(usage_user) FROM cpu WHERE time < '${end}' GROUP BY time(${window}) LIMIT 5`;
  }
}

/** The question as a Prometheus range query, as TSBS puts it to VictoriaMetrics; undefined: it has no form there. */
export function rangeQueryOf({ shape, fields, hosts, startMs, endMs, window }: Question): string | undefined {
  if (shape !== 'grouped' && shape !== 'double') return undefined;
  const names = `__name__=~"cpu_(${fields.join('|')})"`;
  const series = `{${names}${hosts.length === 0 ? '' : `,hostname=~"${hosts.join('|')}"`}}[${window}]`;
  const query =
    shape === 'grouped'
      ? `max(max_over_time(${series})) by (__name__)`
      : `avg(avg_over_time(${series})) by (__name__, hostname)`;
  return new URLSearchParams({
    query,
    start: String(startMs / 1_000),
    end: String(endMs / 1_000),
    step: window,
  }).toString();
}

interface Extent {
  readonly name: string;
  readonly fieldCount: number;
  /** 0: all, without a condition on them. */
  readonly hostCount: number;
  readonly hours: number;
  readonly window: Question['window'];
}

function grouped(extent: Extent): QueryKind {
  return overTime({ ...extent, shape: 'grouped' });
}

function overTime({ name, ...extent }: Extent & Pick<Question, 'shape'>): QueryKind {
  return {
    name,
    draw(random, written) {
      const lengthMs = lengthMsOf(extent.hours, written);
      const startMs = START_MS + Math.floor(random.fraction() * (written.endMs - START_MS - lengthMs));
      const hosts = new Set<string>();
      while (hosts.size < Math.min(extent.hostCount, written.hostCount))
        hosts.add(`host_${random.between(0, written.hostCount - 1)}`);
      return questionOf(extent, { hosts: [...hosts], startMs, endMs: startMs + lengthMs });
    },
  };
}

/** Or all that was written when that is shorter. */
function lengthMsOf(hours: number, { endMs }: Written): number {
  return Math.min(hours * HOUR_MS, endMs - START_MS);
}

function questionOf(
  { shape, fieldCount, window }: Pick<Question, 'shape' | 'window'> & Pick<Extent, 'fieldCount'>,
  drawn: Pick<Question, 'hosts' | 'startMs' | 'endMs'>,
): Question {
  return { shape, window, fields: FIELDS.slice(0, fieldCount), ...drawn };
}

/** A panel of a dashboard that looks at some hosts over time, up to an end that moves on with each refresh. */
export interface Panel {
  readonly name: string;
  /** @param hosts of the dashboard; a panel may look at the first alone, or at all there are */
  questionAt(refresh: number, hosts: readonly string[], written: Written): Question;
}

/** Of each dashboard; all can be put to every peer. */
export const PANELS: readonly Panel[] = [
  panel({ name: 'max of a field', shape: 'grouped', fieldCount: 1, hostCount: 8, hours: 1, window: '1m' }),
  panel({ name: 'max of five fields', shape: 'grouped', fieldCount: 5, hostCount: 8, hours: 1, window: '1m' }),
  panel({ name: 'mean by host', shape: 'double', fieldCount: 1, hostCount: 8, hours: 1, window: '1m' }),
  panel({ name: 'mean of five fields by host', shape: 'double', fieldCount: 5, hostCount: 8, hours: 12, window: '1h' }),
  panel({ name: 'one host, 12 hours', shape: 'grouped', fieldCount: 1, hostCount: 1, hours: 12, window: '1m' }),
  panel({ name: 'max of all fields, 8 hours', shape: 'grouped', fieldCount: 10, hostCount: 8, hours: 8, window: '1h' }),
  panel({ name: 'mean of every host, 12 hours', shape: 'double', fieldCount: 1, hostCount: 0, hours: 12, window: '1h' }),
  panel({ name: 'one host, one hour', shape: 'grouped', fieldCount: 5, hostCount: 1, hours: 1, window: '1m' }),
];

function panel({ name, ...extent }: Extent & Pick<Question, 'shape'>): Panel {
  return {
    name,
    questionAt(refresh, hosts, written) {
      const lengthMs = lengthMsOf(extent.hours, written);
      const room = Math.floor((written.endMs - START_MS - lengthMs) / STEP_MS) + 1;
      const endMs = START_MS + lengthMs + (refresh % room) * STEP_MS;
      return questionOf(extent, { hosts: hosts.slice(0, extent.hostCount), startMs: endMs - lengthMs, endMs });
    },
  };
}
