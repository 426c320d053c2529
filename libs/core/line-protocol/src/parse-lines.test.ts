import {
  joinNs,
  MAX_TIME_NS,
  MIN_TIME_NS,
  parseSeriesKey,
  valueAt,
  type Column,
  type FieldValue,
  type PointBatch,
} from '@varve/model';
import { expect, test } from 'vitest';
import { formatPoint } from './format-point.ts';
import { LINE_ERROR_COUNT_MAX, parseLines, type ParsedLines } from './parse-lines.ts';
import type { Precision } from './precision.ts';
import { SeriesMemory } from './series-memory.ts';

// Each case goes through both readers: the last line of a body without a newline is always for the exact one.
const NOW_NS = 1_700_000_000_123_456_789n;

const parse = (text: string, precision: Precision = 'n', memory?: SeriesMemory): ParsedLines =>
  parseLines(Buffer.from(text), { precision, nowNs: NOW_NS }, memory);

function linesOf(batch: PointBatch): string[] {
  return batch.tables.flatMap((table) =>
    Array.from({ length: table.rowCount }, (_, row) => formatPoint(batch, table, row)),
  );
}

function columnOf(parsed: ParsedLines, name: string): Column {
  return parsed.batch.tables[0]!.columns.find((each) => each.name === name)!.column;
}

function check(line: string, expected: FieldValue | { error: string }, precision: Precision = 'n'): void {
  for (const parsed of [
    parse(line, precision),
    parse(`${line}\n`, precision),
    parse(`${line}\n`.repeat(2), precision),
  ]) {
    if (typeof expected === 'object') {
      expect(parsed.errors[0]?.text, line).toBe(`unable to parse '${line}': ${expected.error}`);
      expect(parsed.batch.rowCount, line).toBe(0);
    } else {
      expect(parsed.errors, line).toEqual([]);
      expect(valueAt(columnOf(parsed, 'v'), 0), line).toBe(expected);
    }
  }
}

test('numbers have the forms of InfluxDB and their nearest values', () => {
  check('m v=1', 1);
  check('m v=1.', 1);
  check('m v=.5', 0.5);
  check('m v=-.5', -0.5);
  check('m v=-0', -0);
  check('m v=1e5', 1e5);
  check('m v=1E+5', 1e5);
  check('m v=1e-400', 0);
  check('m v=0.1', 0.1);
  check('m v=9007199254740993', 9007199254740992);
  check('m v=99.39879759519038', 99.39879759519038);
  check('m v=123456789012345678901234567890.5', 123456789012345678901234567890.5);
  check('m v=0.00000000000000000000000123', 1.23e-24);
  check('m v=7i', 7);
  check('m v=-0i', 0);
  check('m v=-9007199254740991i', -9007199254740991);
  check('m v=9007199254740992i', 9007199254740992n);
  check('m v=9223372036854775807i', 9223372036854775807n);
  check('m v=-9223372036854775808i', -9223372036854775808n);
  check('m v=0009223372036854775807i', 9223372036854775807n);
  for (const text of [
    '-',
    '.',
    '-.',
    '1.1.1',
    '1u',
    '1ii',
    '-i',
    '1.0i',
    '1e5i',
    '9i1',
    'nan',
    'NaN',
    '-inf',
    '1a',
    '1-2',
  ]) {
    check(`m v=${text}`, { error: 'invalid number' });
  }
  for (const text of ['1e400', '1e', '-e', '.e5', '1e5e5']) check(`m v=${text}`, { error: 'invalid float' });
  for (const text of ['+1', 'inf', 'i']) check(`m v=${text}`, { error: 'invalid boolean' });
  const tooLarge = '9223372036854775808';
  const reason = `unable to parse integer ${tooLarge}: strconv.ParseInt: parsing "${tooLarge}": value out of range`;
  check(`m v=${tooLarge}i`, { error: reason });
});

test('booleans have ten spellings', () => {
  for (const text of ['t', 'T', 'true', 'True', 'TRUE']) check(`m v=${text}`, true);
  for (const text of ['f', 'F', 'false', 'False', 'FALSE']) check(`m v=${text}`, false);
  for (const text of ['tRUE', 'tr', 'truee', 'F0', 'x']) check(`m v=${text}`, { error: 'invalid boolean' });
});

test('strings keep what stands between their quotes', () => {
  check('m v=""', '');
  check('m v="a b,c=d #"', 'a b,c=d #');
  check('m v="two\nlines"', 'two\nlines');
  check('m v="a\\nb\\\\c\\d \\"e\\""', 'a\\nb\\c\\d "e"');
  check('m v="grüße 😀"', 'grüße 😀');
  check('m v="a"b', 'a"'); // InfluxDB takes the last byte for the closing quote
  for (const line of ['m v="a', 'm v="', 'm v="a\nm v=1']) {
    expect(parse(`${line}\n`).errors, line).toEqual([
      { lineIndex: 0, text: `unable to parse '${line}': unbalanced quotes` },
    ]);
  }
});

test('every unit of time is exact up to the ends of int64', () => {
  const checkTime = (time: string, precision: Precision, expected: bigint | 'outside' | 'bad'): void => {
    for (const end of ['', '\n', `\nm v=2 ${time}\n`]) {
      const parsed = parse(`m v=1 ${time}${end}`, precision);
      if (typeof expected === 'string') {
        const reason = expected === 'bad' ? 'bad timestamp' : `time outside range ${MIN_TIME_NS} - ${MAX_TIME_NS}`;
        expect(parsed.errors[0]!.text).toBe(`unable to parse 'm v=1 ${time}': ${reason}`);
        continue;
      }
      const { ms, subNs } = parsed.batch.tables[0]!.times;
      expect(joinNs(ms[0]!, subNs[0]!), `${time} ${precision}`).toBe(expected);
    }
  };
  checkTime('1451606400123456789', 'n', 1451606400123456789n);
  checkTime('5', 'n', 5n);
  checkTime('-1', 'n', -1n);
  checkTime('9223372036854775806', 'n', MAX_TIME_NS);
  checkTime('9223372036854775807', 'n', 'outside');
  checkTime('-9223372036854775806', 'n', MIN_TIME_NS);
  checkTime('-9223372036854775807', 'n', 'outside');
  checkTime('1451606400123456', 'u', 1451606400123456000n);
  checkTime('1451606400123', 'ms', 1451606400123000000n);
  checkTime('1451606400', 's', 1451606400000000000n);
  checkTime('9223372036', 's', 9223372036000000000n);
  checkTime('9223372037', 's', 'outside');
  checkTime('24193440', 'm', 1451606400000000000n);
  checkTime('403224', 'h', 1451606400000000000n);
  checkTime('100000000000', 'm', 'outside');
  checkTime('1x', 'n', 'bad');
  checkTime('1\r', 'n', 'bad');
});

test('a line without a time gets the time of the request, cut to the precision', () => {
  const checkNow = (precision: Precision, expected: bigint): void => {
    const { ms, subNs } = parse('m v=1\nm v=1', precision).batch.tables[0]!.times;
    expect([joinNs(ms[0]!, subNs[0]!), joinNs(ms[1]!, subNs[1]!)], precision).toEqual([expected, expected]);
  };
  checkNow('n', NOW_NS);
  checkNow('u', 1_700_000_000_123_456_000n);
  checkNow('ms', 1_700_000_000_123_000_000n);
  checkNow('s', 1_700_000_000_000_000_000n);
  checkNow('m', 1_699_999_980_000_000_000n);
  checkNow('h', 1_699_999_200_000_000_000n);
});

test('tags are sorted, so that one series has one key', () => {
  const { batch } = parse('m,b=1,a=2 v=1 1\nm,a=2,b=1 v=2 2\nm,b=1,a=2 v=3 3\n');
  expect(batch.series).toEqual([{ key: 'm,a=2,b=1', measurement: 'm' }]);
  expect([...batch.tables[0]!.seriesIndexes]).toEqual([0, 0, 0]);
});

test('escapes in names go away', () => {
  const { batch, errors } = parse('my\\ m\\,x,ta\\ g\\==v\\,\\ 1 fi\\ e\\=ld\\"=1,y=2 1\n'.repeat(2));
  expect(errors).toEqual([]);
  expect(parseSeriesKey(batch.series[0]!.key)).toEqual({ measurement: 'my m,x', tags: [['ta g=', 'v, 1']] });
  expect(batch.tables[0]!.columns.map(({ name }) => name)).toEqual(['fi e=ld"', 'y']);
});

test('broken lines are refused with the words of InfluxDB, and the others are kept', () => {
  const checkReason = (line: string, reason: string): void => {
    const parsed = parse(`m v=1 1\n${line}\nm v=2 2\n`);
    expect(parsed.errors).toEqual([{ lineIndex: 1, text: `unable to parse '${line}': ${reason}` }]);
    expect([...parsed.batch.tables[0]!.lineIndexes]).toEqual([0, 2]);
  };
  checkReason('m', 'missing fields');
  checkReason('m,t=1', 'missing fields');
  checkReason(',t=1 v=1', 'missing measurement');
  checkReason('m, v=1', 'missing tag key');
  checkReason('m,=a v=1', 'missing tag key');
  checkReason('m,t v=1', 'missing tag value');
  checkReason('m,t= v=1', 'missing tag value');
  checkReason('m,t=a=b v=1', 'invalid tag format');
  checkReason('m,t=a,u=1,t=b v=1', 'duplicate tags');
  checkReason('m  1', 'invalid field format');
  checkReason('m v=1,', 'invalid field format');
  checkReason('m v=1,w', 'invalid field format');
  checkReason('m\tv=1', 'missing fields');
  checkReason('m v=', 'missing field value');
  checkReason('m v=,w=1', 'missing field value');
  checkReason('m =1', 'missing field key');
  checkReason('m v=1,=2', 'missing field key');
  checkReason('m v=1 1 2', 'point is invalid');
  checkReason('m v=1 -', 'strconv.ParseInt: parsing "-": invalid syntax');
  checkReason('m v=1\r', 'invalid number');
});

test('empty lines, blanks and comments are no points', () => {
  const { batch, errorCount } = parse('\n\n \t\n# a b=c\n \t#x\n\0 m v=1 1\n\nm v=2  2  \n');
  expect(errorCount).toBe(0);
  expect([...batch.tables[0]!.lineIndexes]).toEqual([5, 7]);
  expect(parse('').batch).toEqual({ series: [], tables: [], rowCount: 0 });
});

test('the same field twice in a line: the last one holds', () => {
  check('m v=1,v=2', 2);
  expect(parse('m v=1,v=2 1\nm w=1 2\n').batch.tables[0]!.columns.map(({ name }) => name)).toEqual(['v', 'w']);
});

test('a field with two types has two columns of its name', () => {
  const { batch } = parse('m v=1 1\nm v=2i 2\nm v="x" 3\nm v=t 4\nm v=5 5\n');
  const types = batch.tables[0]!.columns.map(({ name, column }) => [name, column.type]);
  expect(types).toEqual([
    ['v', 'float'],
    ['v', 'integer'],
    ['v', 'string'],
    ['v', 'boolean'],
  ]);
  expect(linesOf(batch)).toEqual(['m v=1 1', 'm v=2i 2', 'm v="x" 3', 'm v=true 4', 'm v=5 5']);
});

test('rows without a value are told apart in every column', () => {
  const lines = Array.from({ length: 200 }, (_, row) => {
    const fields = [row % 3 === 0 && `a=${row}i`, row % 5 === 0 && `b="${row}"`, row % 7 === 0 && 'c=t', 'd=1'].filter(
      Boolean,
    );
    return `m ${fields.join(',')} ${row}`;
  });
  const { batch } = parse(`${lines.join('\n')}\n`);
  expect(linesOf(batch).map((line) => line.replace('true', 't').split(' ')[1]!.split(',').sort())).toEqual(
    lines.map((line) => line.split(' ')[1]!.split(',').sort()),
  );
});

test('one integer beyond 2^53 makes its column a bigint one', () => {
  const { batch } = parse('m v=1i 1\nm v=9007199254740993i 2\nm v=3i 3\nm w=1 4\n');
  expect(columnOf(parse('m v=1i 1\nm v=2i 2\n'), 'v').values).toBeInstanceOf(Float64Array);
  const { column } = batch.tables[0]!.columns[0]!;
  expect([0, 1, 2, 3].map((row) => valueAt(column, row))).toEqual([1, 9007199254740993n, 3, undefined]);
});

test('time is no tag, and as a field it is left out', () => {
  const tag = parse('m,time=a v=1 1\nm v=2 2\n');
  expect(tag.dropped).toEqual({
    pointCount: 1,
    reason: 'invalid tag key: input tag "time" on measurement "m" is invalid',
  });
  expect(tag.batch.rowCount).toBe(1);
  const field = parse('m time=5 1\nm time=6,v=1 2\nm,time=a v=1 3\n');
  expect(field.dropped).toEqual({
    pointCount: 2,
    reason: 'invalid tag key: input tag "time" on measurement "m" is invalid',
  });
  expect(linesOf(field.batch)).toEqual(['m v=1 2']);
});

test('keys have the bound of InfluxDB', () => {
  const { errors } = parse(`${'a'.repeat(65_536)} v=1 1\n${'a'.repeat(65_530)} v=1 1\n${'a'.repeat(65_530)} vv=1 1\n`);
  expect(errors.map(({ text }) => text.split(': ').slice(1).join(': '))).toEqual([
    'max key length exceeded: 65536 > 65535',
    'max key length exceeded: 65536 > 65535',
  ]);
});

test('a byte that is not UTF-8 becomes one U+FFFD', () => {
  const body = Buffer.from('m,t=ab v="cd" 1', 'latin1');
  body[5] = 0xff;
  body.set([0xe2, 0x82], 10);
  const { batch } = parseLines(body, { precision: 'n', nowNs: NOW_NS });
  expect(batch.series[0]!.key).toBe('m,t=a\ufffd');
  expect(valueAt(batch.tables[0]!.columns[0]!.column, 0)).toBe('\ufffd\ufffd');
});

test('names that mean something to JavaScript are names like any other', () => {
  const { batch } = parse('__proto__,constructor=1 toString=1,__proto__=2 1\n'.repeat(2));
  expect(linesOf(batch)[1]).toBe('__proto__,constructor=1 __proto__=2,toString=1 1');
});

test('P7: texts of refused lines are bounded, their number is not hidden', () => {
  const { errors, errorCount } = parse('x\n'.repeat(LINE_ERROR_COUNT_MAX + 5));
  expect([errors.length, errorCount]).toEqual([LINE_ERROR_COUNT_MAX, LINE_ERROR_COUNT_MAX + 5]);
});

test('P7: a body in which every line has another field cannot fill the memory', () => {
  const lineCount = 6_000;
  const { batch, errors, errorCount } = parse(
    Array.from({ length: lineCount }, (_, line) => `m f${line}=1 1\n`).join(''),
  );
  expect(batch.rowCount).toBe(4_096); // squared: 2^24 cells
  expect(errorCount).toBe(lineCount - 4_096);
  expect(errors[0]!.text).toBe("unable to parse 'm f4096=1 1': too many different fields in one request");
});
