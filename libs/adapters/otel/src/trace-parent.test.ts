import fc from 'fast-check';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import { expect, test } from 'vitest';
import { formatTraceParent, parseTraceParent } from './trace-parent.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';

test('O1: a traceparent is read as W3C has it', () => {
  const check = (text: string | undefined, expectedFlags: number | undefined): void => {
    const expected = expectedFlags === undefined ? undefined : { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: expectedFlags, isRemote: true };
    expect(parseTraceParent(text), String(text)).toEqual(expected);
  };

  check(`00-${TRACE_ID}-${SPAN_ID}-01`, 1);
  check(`00-${TRACE_ID}-${SPAN_ID}-00`, 0);
  check(`00-${TRACE_ID}-${SPAN_ID}-03`, 1); // bits that version 00 does not know
  check(`00-${TRACE_ID}-${SPAN_ID}-fe`, 0);
  check(`cc-${TRACE_ID}-${SPAN_ID}-01`, 1); // a later version
  check(`cc-${TRACE_ID}-${SPAN_ID}-01-what-the-future-will-be-like`, 1);

  check(undefined, undefined);
  check('', undefined);
  check(`00-${TRACE_ID}-${SPAN_ID}-01-more`, undefined); // version 00 has no more
  check(`cc-${TRACE_ID}-${SPAN_ID}-01.more`, undefined);
  check(`ff-${TRACE_ID}-${SPAN_ID}-01`, undefined);
  check(`00-${'0'.repeat(32)}-${SPAN_ID}-01`, undefined);
  check(`00-${TRACE_ID}-${'0'.repeat(16)}-01`, undefined);
  check(`00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`, undefined);
  check(`00-${TRACE_ID.slice(1)}-${SPAN_ID}-01`, undefined);
  check(`00-${TRACE_ID}-${SPAN_ID}-1`, undefined);
  check(` 00-${TRACE_ID}-${SPAN_ID}-01`, undefined);
  check(`00-${TRACE_ID}-${SPAN_ID}-01\n`, undefined);
});

test('O1: what is written reads back as itself', () => {
  const id = (byteCount: number): fc.Arbitrary<string> =>
    fc
      .uint8Array({ minLength: byteCount, maxLength: byteCount })
      .filter((bytes) => bytes.some((byte) => byte !== 0))
      .map((bytes) => Buffer.from(bytes).toString('hex'));
  fc.assert(
    fc.property(id(16), id(8), fc.integer({ min: 0, max: 1 }), (traceId, spanId, traceFlags) => {
      expect(parseTraceParent(formatTraceParent({ traceId, spanId, traceFlags }))).toEqual({ traceId, spanId, traceFlags, isRemote: true });
    }),
    PROPERTY_DEFAULTS,
  );
});
