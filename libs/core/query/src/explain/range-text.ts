import { MAX_TIME_NS, MIN_TIME_NS, type TimeRange } from '@varve/model';

const NS_PER_MS = 1_000_000n;

/** A range as people read it; what reaches to the end of time has no end. */
export function rangeText({ startNs, endNs }: TimeRange): string {
  const start = startNs <= MIN_TIME_NS ? '' : timeText(startNs);
  const end = endNs > MAX_TIME_NS ? '' : timeText(endNs);
  return start === '' && end === '' ? 'all' : `[${start}, ${end})`;
}

function timeText(timeNs: bigint): string {
  const restNs = ((timeNs % NS_PER_MS) + NS_PER_MS) % NS_PER_MS;
  const text = new Date(Number((timeNs - restNs) / NS_PER_MS)).toISOString();
  return restNs === 0n ? text.replace('.000Z', 'Z') : text.replace('Z', `${restNs.toString().padStart(6, '0')}Z`);
}
