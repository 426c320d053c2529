import fc from 'fast-check';
import { joinNs, splitNs } from '@varve/model';
import type { ResultItem } from '@varve/ports';
import { expect, test } from 'vitest';
import { CsvWriter } from './csv-writer.ts';
import { JsonIndenter } from './indent-json.ts';
import { writeJsonString } from './json-text.ts';
import { JsonWriter } from './json-writer.ts';
import { OutputBuffer } from './output-buffer.ts';
import { TimeWriter, type EpochUnit } from './time-text.ts';
import { rows } from './testing/fake-gateway.ts';

// What is expected here was answered by influxd 1.6.7 for the same data, unless a comment says otherwise.

function json(items: readonly ResultItem[], { epoch, chunkRowCount }: { readonly epoch?: EpochUnit; readonly chunkRowCount?: number } = {}): string {
  const out = new OutputBuffer();
  const writer = new JsonWriter(out, { epoch, chunkRowCount });
  for (const item of items) expect(writer.item(item)).toBe(true);
  writer.end();
  return out.take().toString();
}

function csv(items: readonly ResultItem[], epoch?: EpochUnit): string {
  const out = new OutputBuffer();
  const writer = new CsvWriter(out, epoch);
  for (const item of items) expect(writer.item(item)).toBe(true);
  writer.end();
  return out.take().toString();
}

function written(write: (out: OutputBuffer) => void): string {
  const out = new OutputBuffer();
  write(out);
  return out.take().toString();
}

const done = (statementId: number): ResultItem => ({ kind: 'done', statementId });
const error = (statementId: number, text: string): ResultItem => ({ kind: 'error', statementId, text });
const values = (from: number, to: number): (readonly [number, number])[] => Array.from({ length: to - from }, (_, index) => [from + index, from + index]);

test('numbers are written as Go writes them', () => {
  const check = (value: number, expected: string): void => expect(written((out) => out.number(value))).toBe(expected);
  const cases: readonly [number, string][] = [
    [0, '0'], [-0, '-0'], [7, '7'], [-7, '-7'], [10, '10'], [99, '99'], [100, '100'], [2147483647, '2147483647'], [-2147483648, '-2147483648'],
    [1e20, '100000000000000000000'], [1e21, '1e+21'], [1e-6, '0.000001'], [1e-7, '1e-7'], [9.99e-7, '9.99e-7'], [-1e-10, '-1e-10'],
    [123456789.125, '123456789.125'], [123456789012345678, '123456789012345680'], [1e300, '1e+300'], [1.5e-300, '1.5e-300'], [5e-324, '5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'], [0.1, '0.1'],
  ];
  for (const [value, expected] of cases) check(value, expected);
});

test.each([{}, { chunkRowCount: 7 }, { chunkRowCount: 300 }])('columns of floats stand beside others, row by row: %o', (options) => {
  const cell = (row: number): number | null => (row % 5 === 0 ? null : row / 7);
  const block = rows(0, 'm', ['a', 'n', 'b', 't'], Array.from({ length: 600 }, (_, row) => [cell(row), row, row === 400 ? -0 : row / 3, `${row}`]));
  const text = json([{ ...block, cellTypes: ['float', 'integer', 'float', 'string'] }], options);
  expect(text).toBe(json([block], options));
});

test('any number reads back as itself', () => {
  fc.assert(fc.property(fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })), (value) => Object.is(Number(written((out) => out.number(value))), value)));
});

test('texts are escaped as Go escapes them', () => {
  const text = 'a\u0001\b\f\u007f\tb\u2028\u2029\ufffd x\\y/z<>&😀\ud800 "end"\r\n';
  expect(written((out) => writeJsonString(out, text))).toBe(
    '"a\\u0001\\u0008\\u000c\u007f\\tb\\u2028\\u2029\\ufffd x\\\\y/z\\u003c\\u003e\\u0026😀\\ufffd \\"end\\"\\r\\n"',
  );
});

test('any text reads back as itself', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => JSON.parse(written((out) => writeJsonString(out, text))) === text));
});

test('times are RFC 3339 with the digits they need, over the whole of int64', () => {
  const check = (timeNs: bigint, expected: string): void => {
    const { ms, subNs } = splitNs(timeNs);
    expect(written((out) => new TimeWriter(undefined).write(out, ms, subNs))).toBe(expected);
  };
  check(-9223372036854775806n, '1677-09-21T00:12:43.145224194Z');
  check(-1000000001n, '1969-12-31T23:59:58.999999999Z');
  check(-1n, '1969-12-31T23:59:59.999999999Z');
  check(0n, '1970-01-01T00:00:00Z');
  check(1n, '1970-01-01T00:00:00.000000001Z');
  check(1500000000100000000n, '2017-07-14T02:40:00.1Z');
  check(1500000000123456000n, '2017-07-14T02:40:00.123456Z');
  check(9223372036854775806n, '2262-04-11T23:47:16.854775806Z');
});

test('TZ1: times are written by the clock of a zone, with its offset', () => {
  const check = (zone: string | undefined, timeNs: bigint, expected: string): void => {
    const { ms, subNs } = splitNs(timeNs);
    const writer = new TimeWriter(undefined);
    writer.setTimeZone(zone);
    expect(written((out) => writer.write(out, ms, subNs)), zone).toBe(expected);
  };

  check('Europe/Berlin', 1_698_541_200_000_000_001n, '2023-10-29T02:00:00.000000001+01:00');
  check('Europe/Berlin', 1_698_541_199_999_000_000n, '2023-10-29T02:59:59.999+02:00');
  check('Europe/London', 1_698_541_200_000_000_000n, '2023-10-29T01:00:00Z'); // winter there
  check('Asia/Kathmandu', 0n, '1970-01-01T05:30:00+05:30');
  check('Etc/GMT+5', -1n, '1969-12-31T18:59:59.999999999-05:00');
  check(undefined, 0n, '1970-01-01T00:00:00Z');
  check('Europe/Berlin', -2_840_140_800_000_000_000n, '1880-01-01T00:53:28+00:53'); // seconds are not said, as Go does
});

test('TZ1: one writer goes through changes of the clock, forth and back, and from one zone to another', () => {
  const writer = new TimeWriter(undefined);
  const texts = (zone: string | undefined, timesMs: readonly number[]): string[] => {
    writer.setTimeZone(zone);
    return timesMs.map((ms) => written((out) => writer.write(out, ms, 0)));
  };
  const change = 1_698_541_200_000;

  expect(texts('Europe/Berlin', [change - 1000, change, change - 1000])).toEqual(['2023-10-29T02:59:59+02:00', '2023-10-29T02:00:00+01:00', '2023-10-29T02:59:59+02:00']);
  expect(texts(undefined, [change])).toEqual(['2023-10-29T01:00:00Z']);
  const localTimeEnds = -2_422_054_408_000; // in the middle of a minute
  expect(texts('Europe/Berlin', [localTimeEnds, localTimeEnds - 1000])).toEqual(['1893-04-01T00:06:32+01:00', '1893-03-31T23:59:59+00:53']);
});

test('times in a unit are rounded towards zero', () => {
  const timesNs = [-9223372036854775806n, -1000000001n, -1n, 0n, 1500000000123456789n, 9223372036854775806n];
  const check = (epoch: EpochUnit, expected: readonly string[]): void => {
    const texts = timesNs.map((timeNs) => written((out) => new TimeWriter(epoch).write(out, splitNs(timeNs).ms, splitNs(timeNs).subNs)));
    expect(texts, epoch).toEqual(expected);
  };
  check('ns', ['-9223372036854775806', '-1000000001', '-1', '0', '1500000000123456789', '9223372036854775806']);
  check('u', ['-9223372036854775', '-1000000', '0', '0', '1500000000123456', '9223372036854775']);
  check('ms', ['-9223372036854', '-1000', '0', '0', '1500000000123', '9223372036854']);
  check('s', ['-9223372036', '-1', '0', '0', '1500000000', '9223372036']);
  check('m', ['-153722867', '0', '0', '0', '25000000', '153722867']);
  check('h', ['-2562047', '0', '0', '0', '416666', '2562047']);
});

test('any time, as text and in any unit, is that of exact arithmetic', () => {
  const unitNs = { ns: 1n, u: 1_000n, ms: 1_000_000n, s: 1_000_000_000n, m: 60_000_000_000n, h: 3_600_000_000_000n } as const;
  const time = fc.oneof(fc.bigInt({ min: -(2n ** 63n) + 2n, max: 2n ** 63n - 2n }), fc.bigInt({ min: -5_000_000n, max: 5_000_000n }));
  fc.assert(
    fc.property(time, fc.constantFrom<EpochUnit>('ns', 'u', 'ms', 's', 'm', 'h'), (timeNs, unit) => {
      const { ms, subNs } = splitNs(timeNs);
      expect(written((out) => new TimeWriter(unit).write(out, ms, subNs))).toBe(String(timeNs / unitNs[unit]));
      const text = written((out) => new TimeWriter(undefined).write(out, ms, subNs));
      const [, whole, fraction = ''] = /^(.{19})(?:\.(\d*[1-9]))?Z$/.exec(text)!;
      expect(joinNs(Date.parse(`${whole}Z`), 0) + BigInt(fraction.padEnd(9, '0'))).toBe(timeNs);
    }),
  );
});

test('one writer goes through times in any order', () => {
  const timeMs = fc.oneof(fc.integer({ min: -5_000, max: 5_000 }), fc.integer({ min: 999_000, max: 2_001_000 }), fc.integer({ min: 1_699_999_900_000, max: 1_700_000_100_000 }), fc.maxSafeInteger().map((ms) => ms % 9_000_000_000_000));
  const time = fc.tuple(timeMs, fc.constantFrom(0, 1, 999_999));
  fc.assert(
    fc.property(fc.array(time), fc.constantFrom<EpochUnit | undefined>(undefined, 'ns', 'u', 'ms', 's', 'm', 'h'), (times, unit) => {
      const writer = new TimeWriter(unit);
      const text = (by: TimeWriter, [ms, subNs]: readonly [number, number]): string => written((out) => by.write(out, ms, subNs));
      expect(times.map((each) => text(writer, each))).toEqual(times.map((each) => text(new TimeWriter(unit), each)));
    }),
  );
});

test('an answer is one object with the results of all statements', () => {
  const items = [
    rows(0, 'cpu', ['time', 'value', 's', 'b'], [[1, 0.5, 'x', true], [2n, null, '<', false]], { tags: [['host', 'a']] }),
    rows(0, 'cpu', ['time', 'value', 's', 'b'], [[3, 2n ** 63n - 1n, null, null]], { tags: [['host', 'b']] }),
    done(0),
    rows(1, 'databases', ['name'], [['h'], ['i']]),
    done(1),
    done(2),
    { kind: 'message', statementId: 3, level: 'warning', text: 'deprecated' } as const,
    done(3),
    error(4, 'database not found: x'),
    done(4),
  ];
  expect(json(items, { epoch: 'ns' })).toBe(
    '{"results":[{"statement_id":0,"series":[{"name":"cpu","tags":{"host":"a"},"columns":["time","value","s","b"],"values":[[1,0.5,"x",true],[2,null,"\\u003c",false]]},' +
      '{"name":"cpu","tags":{"host":"b"},"columns":["time","value","s","b"],"values":[[3,9223372036854775807,null,null]]}]},' +
      '{"statement_id":1,"series":[{"name":"databases","columns":["name"],"values":[["h"],["i"]]}]},' +
      '{"statement_id":2},' +
      '{"statement_id":3,"messages":[{"level":"warning","text":"deprecated"}]},' +
      '{"statement_id":4,"error":"database not found: x"}]}\n',
  );
});

test('no statement: an empty object; no rows: no values; no name: no name', () => {
  expect(json([])).toBe('{}\n');
  expect(json([rows(0, 'h', ['name', 'query'], []), rows(0, 'ZZ', ['name', 'query'], []), done(0)])).toBe(
    '{"results":[{"statement_id":0,"series":[{"name":"h","columns":["name","query"]},{"name":"ZZ","columns":["name","query"]}]}]}\n',
  );
  expect(json([rows(0, '', ['user', 'admin'], [])])).toBe('{"results":[{"statement_id":0,"series":[{"columns":["user","admin"]}]}]}\n');
});

test('blocks of one series become one series; one that is cut off is partial', () => {
  const block = (from: number, to: number, isPartial: boolean): ResultItem => rows(0, 'm', ['time', 'v'], values(from, to), { isPartial });
  expect(json([block(0, 2, true), block(2, 3, false), done(0)], { epoch: 'ns' })).toBe(
    '{"results":[{"statement_id":0,"series":[{"name":"m","columns":["time","v"],"values":[[0,0],[1,1],[2,2]]}]}]}\n',
  );
  expect(json([block(0, 2, true)], { epoch: 'ns' })).toBe(
    '{"results":[{"statement_id":0,"series":[{"name":"m","columns":["time","v"],"values":[[0,0],[1,1]],"partial":true}]}]}\n',
  );
});

// influxd drops the rows in this case; an answer that shows both is not silently short.
test('an error after rows stands behind them; of two errors of a statement the later one stays', () => {
  expect(json([rows(0, 'm', ['v'], [[1]]), error(0, 'shard 7 is not there')])).toBe(
    '{"results":[{"statement_id":0,"series":[{"name":"m","columns":["v"],"values":[[1]]}],"error":"shard 7 is not there"}]}\n',
  );
  expect(json([error(1, 'database not found: x'), error(1, 'not executed')])).toBe('{"results":[{"statement_id":1,"error":"not executed"}]}\n');
});

test('a chunked answer has one object per so many rows of a series, whatever the sizes of the blocks', () => {
  const series = (host: string, sizes: readonly number[]): ResultItem[] => {
    let from = 0;
    return sizes.map((size, index) => {
      const block = rows(0, 'm', ['time', 'v'], values(from, from + size), { tags: [['h', host]], isPartial: index < sizes.length - 1 });
      from += size;
      return block;
    });
  };
  const expected =
    '{"results":[{"statement_id":0,"series":[{"name":"m","tags":{"h":"a"},"columns":["time","v"],"values":[[0,0],[1,1],[2,2]],"partial":true}],"partial":true}]}\n' +
    '{"results":[{"statement_id":0,"series":[{"name":"m","tags":{"h":"a"},"columns":["time","v"],"values":[[3,3]]}],"partial":true}]}\n' +
    '{"results":[{"statement_id":0,"series":[{"name":"m","tags":{"h":"b"},"columns":["time","v"],"values":[[0,0],[1,1],[2,2]],"partial":true}],"partial":true}]}\n' +
    '{"results":[{"statement_id":0,"series":[{"name":"m","tags":{"h":"b"},"columns":["time","v"],"values":[[3,3],[4,4],[5,5]]}]}]}\n' +
    '{"results":[{"statement_id":1}]}\n';
  for (const sizes of [[4], [1, 3], [3, 1], [2, 2], [1, 1, 1, 1]]) {
    for (const moreSizes of [[6], [3, 3], [2, 2, 2], [5, 1]]) {
      const items = [...series('a', sizes), ...series('b', moreSizes), done(0), done(1)];
      expect(json(items, { epoch: 'ns', chunkRowCount: 3 })).toBe(expected);
    }
  }
});

test('a chunked answer of a SHOW has whole series, or the whole statement, whatever its chunk_size', () => {
  const values = (name: string, hosts: readonly string[], isPartial = false): ResultItem => ({ ...rows(0, name, ['key', 'value'], hosts.map((host) => ['host', host]), { isPartial }), whole: 'series' });
  expect(json([values('m', ['a', 'b']), values('n', ['a']), done(0)], { chunkRowCount: 1 })).toBe(
    '{"results":[{"statement_id":0,"series":[{"name":"m","columns":["key","value"],"values":[["host","a"],["host","b"]]}]}]}\n' +
      '{"results":[{"statement_id":0,"series":[{"name":"n","columns":["key","value"],"values":[["host","a"]]}]}]}\n',
  );
  expect(json([values('m', ['a'], true), values('m', ['b']), done(0)], { chunkRowCount: 1 }), 'in two blocks').toBe(
    '{"results":[{"statement_id":0,"series":[{"name":"m","columns":["key","value"],"values":[["host","a"],["host","b"]]}]}]}\n',
  );
  const queries = (statementId: number, name: string): ResultItem => ({ ...rows(statementId, name, ['name', 'query'], []), whole: 'statement' });
  expect(json([queries(0, 'd'), queries(0, 'd2'), done(0), queries(1, 'd'), done(1)], { chunkRowCount: 1 })).toBe(
    '{"results":[{"statement_id":0,"series":[{"name":"d","columns":["name","query"]},{"name":"d2","columns":["name","query"]}]}]}\n' +
      '{"results":[{"statement_id":1,"series":[{"name":"d","columns":["name","query"]}]}]}\n',
  );
});

test('in a chunked answer messages and errors are objects of their own', () => {
  const items: ResultItem[] = [
    { kind: 'message', statementId: 0, level: 'warning', text: 'w' },
    done(0),
    rows(1, 'm', ['v'], [[1]]),
    error(1, 'database not found: x'),
    error(1, 'not executed'),
    done(1),
  ];
  expect(json(items, { chunkRowCount: 10 })).toBe(
    '{"results":[{"statement_id":0,"messages":[{"level":"warning","text":"w"}]}]}\n' +
      '{"results":[{"statement_id":1,"series":[{"name":"m","columns":["v"],"values":[[1]]}]}]}\n' +
      '{"results":[{"statement_id":1,"error":"database not found: x"}]}\n' +
      '{"results":[{"statement_id":1,"error":"not executed"}]}\n',
  );
  expect(json([], { chunkRowCount: 10 })).toBe('');
});

test('pretty JSON is that of four spaces, cut into pieces anywhere', () => {
  const compact = '{"results":[{"statement_id":0,"series":[{"name":"a \\"{[,:]}\\\\","columns":["v"],"values":[[1],[null]]}]},{"empty":{},"none":[]}]}\n';
  const expected = `${JSON.stringify(JSON.parse(compact), undefined, 4)}\n`;
  for (let cut = 0; cut <= compact.length; cut += 1) {
    const out = new OutputBuffer();
    const indenter = new JsonIndenter(out);
    indenter.write(Buffer.from(compact.slice(0, cut)));
    indenter.write(Buffer.from(compact.slice(cut)));
    expect(out.take().toString()).toBe(expected);
  }
});

test('a table has a header per statement, quotes as Go does, and writes out every number', () => {
  const items = [
    rows(0, 'esc', ['time', 's', 'v'], [[1, 'q"x,y', 1], [2, 'line', null]], { tags: [['t', 'a,b'], ['u', 'c d=e']] }),
    rows(0, 'oth er', ['time', 's', 'v'], [[3, ' lead', -0]], { tags: [['t', 'z'], ['u', '']] }),
    done(0),
    error(1, 'nothing of this is shown'),
    done(1),
    rows(2, 'ff', ['v'], [[1e21], [1e-7], [5e-324], [-1.5e22], [0.1], [true], [2n ** 62n], ['a\nb']]),
  ];
  expect(csv(items)).toBe(
    'name,tags,time,s,v\nesc,"t=a\\,b,u=c\\ d\\=e",1,"q""x,y",1\nesc,"t=a\\,b,u=c\\ d\\=e",2,line,\noth er,t=z,3," lead",-0\n\n' +
      `name,tags,v\nff,,1000000000000000000000\nff,,0.0000001\nff,,0.${'0'.repeat(323)}5\nff,,-15000000000000000000000\nff,,0.1\nff,,true\nff,,4611686018427387904\nff,,"a\nb"\n`,
  );
  expect(csv([rows(0, 'cpu', ['time', 'value'], [[1_600_000_000_000_000_000n, 0]])], 's')).toBe('name,tags,time,value\ncpu,,1600000000,0\n');
});

test('E2: a table cannot say that rows are missing', () => {
  const writer = new CsvWriter(new OutputBuffer(), undefined);
  expect(writer.item(rows(0, 'm', ['v'], [[1]]))).toBe(true);
  expect(writer.item(error(0, 'shard 7 is not there'))).toBe(false);
});

test('E9: missing shards show in JSON as partial, with a warning each and an error; a table has no place for it', () => {
  const warning: ResultItem = { kind: 'message', statementId: 0, level: 'warning', text: 'shard 7 is missing' };
  const partial: ResultItem = { kind: 'partial', statementId: 0, text: 'partial answer' };
  const missing = '"messages":[{"level":"warning","text":"shard 7 is missing"}],"partial":true,"error":"partial answer"';
  const block = rows(0, 'm', ['time', 'v'], values(0, 1));
  const series = '"series":[{"name":"m","columns":["time","v"],"values":[[0,0]]}]';
  expect(json([block, warning, partial, done(0), done(1)], { epoch: 'ns' })).toBe(`{"results":[{"statement_id":0,${series},${missing}},{"statement_id":1}]}\n`);
  expect(json([warning, partial, done(0)], { epoch: 'ns' })).toBe(`{"results":[{"statement_id":0,${missing}}]}\n`);
  expect(json([block, warning, partial, done(0), done(1)], { epoch: 'ns', chunkRowCount: 10 })).toBe(
    `{"results":[{"statement_id":0,${series}}]}\n{"results":[{"statement_id":0,${missing}}]}\n{"results":[{"statement_id":1}]}\n`,
  );
  const writer = new CsvWriter(new OutputBuffer(), undefined);
  expect([block, warning, partial].map((item) => writer.item(item))).toEqual([true, true, false]);
  expect(new CsvWriter(new OutputBuffer(), undefined).item(partial)).toBe(false);
});

test('a table has a new header where the columns of a statement change', () => {
  const table = csv([rows(0, 'a', ['x', 'y'], [['1', '2']]), rows(0, 'b', ['x', 'y'], [['3', '4']]), rows(0, 'c', ['z'], [['5']]), done(0), rows(1, 'd', ['z'], [['6']])]);
  expect(table).toBe('name,tags,x,y\na,,1,2\nb,,3,4\n\nname,tags,z\nc,,5\n\nname,tags,z\nd,,6\n');
});

test('a list of texts is a list in JSON, and one cell in CSV, where InfluxDB repeats an earlier one', () => {
  const destinations = ['udp://h:1', 'http://u"<h:2'];
  const block: ResultItem = { kind: 'rows', statementId: 0, name: 'a', tags: undefined, columns: ['name', 'destinations'], times: undefined, cells: [['s', 't'], [destinations, []]], rowCount: 2, isPartial: false };
  expect(json([block, done(0)])).toBe('{"results":[{"statement_id":0,"series":[{"name":"a","columns":["name","destinations"],"values":[["s",["udp://h:1","http://u\\"\\u003ch:2"]],["t",[]]]}]}]}\n');
  expect(csv([block, done(0)])).toBe('name,tags,name,destinations\na,,s,"udp://h:1,http://u""<h:2"\na,,t,\n');
});
