import { SILENT_LOG } from '@varve/ports';
import { expect, test } from 'vitest';
import { LossReport } from './loss-report.ts';

test('O4: a loss is said at once, later ones together once a minute, and the rest when asked', () => {
  const lines: unknown[] = [];
  let nowMs = 0;
  const losses = new LossReport('http://c:4318', { ...SILENT_LOG, warn: (message, facts) => lines.push([message, facts]) }, () => nowMs);
  const line = (spanCount: number, reason: string): unknown => ['Spans lost', { endpoint: 'http://c:4318', spanCount, reason }];
  const lose = (atMs: number, spanCount: number, reason: string): void => {
    nowMs = atMs;
    losses.onLost(spanCount, reason);
  };

  lose(0, 1, 'refused');
  expect(lines).toEqual([line(1, 'refused')]);
  lose(1_000, 2, 'refused');
  lose(59_999, 4, 'refused');
  expect(lines).toHaveLength(1);
  lose(60_000, 8, 'too slow');
  expect(lines).toEqual([line(1, 'refused'), line(14, 'too slow')]);
  lose(60_001, 16, 'too slow');
  losses.sayRest();
  losses.sayRest();
  expect(lines).toEqual([line(1, 'refused'), line(14, 'too slow'), line(16, 'too slow')]);
});
