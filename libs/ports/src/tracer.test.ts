import { expect, test } from 'vitest';
import { SILENT_SPAN, SILENT_TRACER, traceIdOf } from './tracer.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACE_PARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

test('the silent tracer answers the one silent span, whatever it is asked', () => {
  expect(SILENT_TRACER.start('a', { parent: TRACE_PARENT, kind: 'server' })).toBe(SILENT_SPAN);
  expect(SILENT_TRACER.startChild('b', TRACE_PARENT)).toBe(SILENT_SPAN);
  expect(SILENT_SPAN.traceParent).toBeUndefined();
});

test('traceIdOf finds the id that people look a trace up by', () => {
  expect(traceIdOf(TRACE_PARENT)).toBe(TRACE_ID);
  expect(traceIdOf(undefined)).toBeUndefined();
});
