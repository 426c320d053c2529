import { expect, test } from 'vitest';
import { selfTimesOf, type CpuProfile } from './cpu-profile.ts';
import { profileReportOf } from './profile-report.ts';

const frame = (functionName: string, url = ''): CpuProfile['nodes'][number]['callFrame'] => ({
  functionName,
  url,
  lineNumber: 0,
});

const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 4, 5] },
    {
      id: 2,
      callFrame: frame('parseLines', 'file:///anywhere/libs/core/line-protocol/src/parse-lines.ts'),
      children: [3],
    },
    { id: 3, callFrame: frame('indexOf') },
    { id: 4, callFrame: frame('(garbage collector)') },
    { id: 5, callFrame: frame('(idle)') },
  ],
  samples: [2, 3, 3, 4, 5],
  timeDeltas: [1_000, 500, 1_500, 1_000, 50_000],
};

test('native code counts for the group that called it, and a module is named without where the repository lies', () => {
  const times = selfTimesOf(PROFILE);
  expect(times.slice(0, 3)).toEqual([
    { group: 'idle', functionName: '(idle)', module: '', ms: 50 },
    { group: 'parse', functionName: 'indexOf', module: '', ms: 2 },
    { group: 'parse', functionName: 'parseLines', module: 'libs/core/line-protocol/src/parse-lines.ts', ms: 1 },
  ]);
});

test('the report says what the main thread was busy with and how much each thread has used; idle time is left out', () => {
  const text = profileReportOf({
    ...{ rowCount: 1_000_000, elapsedMs: 3_210, main: selfTimesOf(PROFILE) },
    cpuMsByThread: new Map([
      ['storage: journa', 80],
      ['SignalInspector', 0],
      ['node-MainThread', 2_640],
    ]),
  });
  expect(text).toContain('1,000,000 rows in 3.21 s');
  expect(text).toMatch(/^ {2}parse +3 +75\.0 %$/m);
  expect(text).toMatch(/^ {2}GC +1 +25\.0 %$/m);
  expect(text).toMatch(/^ {2}busy +4 +100\.0 %$/m);
  expect(text).not.toContain('idle');
  expect(text).toMatch(/^ {2}node-MainThread +2640\n {2}storage: journa +80\n$/m);
  expect(text).not.toContain('SignalInspector');
});
