import type { Prng } from '@varve/base';
import { FIELDS, START_MS, type Workload } from './workload.ts';

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

export interface QueryKind {
  readonly name: string;
  draw(random: Prng, workload: Workload): Question;
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
      return `SELECT ${each('mean')} FROM cpu WHERE ${during} GROUP BY time(${window}), hostname`;
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

/** A window that lies within the written times, or all of them when they are shorter. */
function overTime({
  name,
  shape,
  fieldCount,
  hostCount,
  hours,
  window,
}: Extent & { readonly shape: Question['shape'] }): QueryKind {
  return {
    name,
    draw(random, workload) {
      const writtenMs = workload.endMs - START_MS;
      const lengthMs = Math.min(hours * HOUR_MS, writtenMs);
      const startMs = START_MS + Math.floor(random.fraction() * (writtenMs - lengthMs));
      const hosts = new Set<string>();
      while (hosts.size < Math.min(hostCount, workload.hostCount))
        hosts.add(`host_${random.between(0, workload.hostCount - 1)}`);
      return {
        shape,
        fields: FIELDS.slice(0, fieldCount),
        hosts: [...hosts],
        startMs,
        endMs: startMs + lengthMs,
        window,
      };
    },
  };
}
