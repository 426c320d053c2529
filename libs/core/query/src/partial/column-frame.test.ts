import { ByteReader } from '@varve/base';
import { joinNs, splitNs } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NumberPartial } from '../functions/column-form.ts';
import { columnForm } from '../functions/function-table.ts';
import { COLUMN_FRAME, decodeRun, encodeColumns, type ColumnShape, type StateRun } from './column-frame.ts';
import { FrameWriter } from './frame-writer.ts';
import { decodeGroupKey } from './group-key.ts';

const START_NS = 1_700_000_000_000_000_123n;
const GROUP = { measurement: 'm', values: ['é', ''] };
const [MAX, COUNT] = [columnForm('max', 'integer', false)!, columnForm('count', 'integer', false)!];
const shapeOf = (isDescending: boolean): ColumnShape => ({ forms: [MAX, COUNT], isDescending, decodeGroup: (reader) => decodeGroupKey(reader, 2) });

/** A window's states: of `max` a value and when, of `count` a number; null: none. */
type Window = readonly [max: { readonly value: number | bigint; readonly offsetNs: number } | null, count: number | null];

test('runs of states come out of their frames as they went in', () => {
  const value = fc.oneof(fc.integer(), fc.integer({ min: -200, max: 200 }), fc.integer({ min: -40_000, max: 40_000 }), fc.constantFrom(0, -0, 0.5, 2 ** 31, NaN), fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }));
  const window = fc.tuple(fc.option(fc.record({ value, offsetNs: fc.nat(7_000_000_000_000_000) })), fc.option(fc.nat()));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), window), { minLength: 1, maxLength: 40 }), fc.boolean(), (steps, isDescending) => {
      let last = 0;
      const windows = steps.map(([step, states]) => ({ windowIndex: (last += step), states }));
      if (isDescending) windows.reverse();
      const frames = framesOf(windows, isDescending);
      const decoded = frames.flatMap((frame) => windowsIn(frame, shapeOf(isDescending)));
      expect(decoded).toEqual(windows);
    }),
  );
});

test('states take what the largest number of their run needs', () => {
  const sizeOf = (value: number): number => {
    const windows = Array.from({ length: 100 }, (_, windowIndex) => ({ windowIndex, states: [null, windowIndex === 50 ? value : 0] as const }));
    const [frame] = framesOf(windows, false);
    expect(windowsIn(frame!, shapeOf(false))).toEqual(windows);
    return Math.floor(frame!.length / windows.length);
  };
  expect([127, -128, 128, -32_768, 32_768, -(2 ** 31), 2 ** 31, -0, 0.5, NaN].map(sizeOf)).toEqual([1, 1, 2, 2, 4, 4, 8, 8, 8, 8]);
});

test('many windows are cut into runs, and every frame announces its group', () => {
  const windows = Array.from({ length: 20_000 }, (_, windowIndex) => ({ windowIndex, states: [{ value: windowIndex + 0.5, offsetNs: windowIndex }, 1] as const }));
  const frames = framesOf(windows, false);
  expect(frames.length).toBeGreaterThan(2);
  expect(Math.max(...frames.map(({ length }) => length))).toBeLessThan(512 * 1024);
  expect(frames.flatMap((frame) => windowsIn(frame, shapeOf(false)))).toEqual(windows);
});

test('a cut frame is refused, not misread', () => {
  const [frame] = framesOf([{ windowIndex: 3, states: [{ value: 7, offsetNs: 9 }, 2] }], false);
  for (let end = 1; end < frame!.length; end += 1) {
    const reader = new ByteReader(frame!.subarray(1, end));
    expect(() => decodeRun(reader, shapeOf(false), splitNs(START_NS), undefined), `cut at ${end}`).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }) as Error);
  }
});

interface NumberedWindow {
  readonly windowIndex: number;
  readonly states: Window;
}

function framesOf(windows: readonly NumberedWindow[], isDescending: boolean): Uint8Array[] {
  const max: NumberPartial = { numbers: [windows.map(({ states: [state] }) => state?.value ?? 0)], offsetsNs: windows.map(({ states: [state] }) => state?.offsetNs ?? 0), has: (slot) => windows[slot]!.states[0] !== null, add: () => undefined };
  const count: NumberPartial = { numbers: [windows.map(({ states: [, state] }) => state ?? 0)], offsetsNs: [], has: (slot) => windows[slot]!.states[1] !== null, add: () => undefined };
  const writer = new FrameWriter(COLUMN_FRAME);
  const order = { windows: windows.map(({ windowIndex }) => windowIndex), slots: [...windows.keys()] };
  const frames = [...encodeColumns(writer, { group: GROUP, hasValues: [true, false], order, isDescending, partials: [max, count] })];
  return writer.isEmpty ? frames : [...frames, writer.take()];
}

function windowsIn(frame: Uint8Array, shape: ColumnShape): NumberedWindow[] {
  const reader = new ByteReader(frame);
  expect(reader.u8()).toBe(COLUMN_FRAME);
  const windows: NumberedWindow[] = [];
  let run: StateRun | undefined;
  while (reader.remaining > 0) {
    run = decodeRun(reader, shape, splitNs(START_NS), run);
    expect([run.group, run.hasValues]).toEqual([GROUP, [true, false]]);
    const [max, count] = run.states;
    for (const [index, windowIndex] of run.windows.entries()) {
      const point = max!.has[index] === 0 ? null : { value: max!.numbers[0]![index]!, offsetNs: Number(joinNs(max!.ms[index]!, max!.subNs[index]!) - START_NS) };
      windows.push({ windowIndex, states: [point, count!.has[index] === 0 ? null : (count!.numbers[0]![index] as number)] });
    }
  }
  return windows;
}
