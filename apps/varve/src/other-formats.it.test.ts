import { expect, test } from 'vitest';
import { promReadBody, promWriteBody, query, readPromAnswer, write } from '@varve/http-adapter/testing';
import { startServer } from './testing/server.ts';

// Through the whole program: what InfluxDB 1.6.7 answered for the same points and questions, but where a comment says otherwise.

test('E11, E12: what Prometheus writes it reads back, by every kind of matcher', async () => {
  const { url } = await startServer();
  await query(url, 'CREATE DATABASE p');
  const labelled = (labels: Readonly<Record<string, string>>, ...samples: readonly (readonly [bigint, number])[]): Parameters<typeof promWriteBody>[0][number] => ({
    labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
    samples: samples.map(([timeMs, value]) => ({ timeMs, value })),
  });
  const [first, second, third] = [1_600_000_000_000n, 1_600_000_001_000n, 1_600_000_002_000n];
  const body = promWriteBody([
    labelled({ __name__: 'up', inst: 'x:1', job: 'a b,c=d' }, [first, 1], [second, NaN], [third, 2.5]),
    labelled({ __name__: 'up', job: 'z' }, [first, 4]),
    labelled({ job: 'noname' }, [first, 3]),
    labelled({ __name__: 'up', job: '' }, [first, 8]),
  ]);
  const post = (path: string, bytes: Buffer): Promise<Response> => fetch(`${url}/api/v1/prom/${path}?db=p`, { method: 'POST', body: new Uint8Array(bytes) });
  expect((await post('write', body)).status).toBe(204);
  expect((await write(url, 'p', `cpu,host=a value=7 ${first}000000`)).status).toBe(204);
  expect(await query(url, 'SELECT value FROM up WHERE job = \'z\' GROUP BY *', { db: 'p' })).toEqual([
    { name: 'up', tags: { __name__: 'up', inst: '', job: 'z' }, columns: ['time', 'value'], values: [[Number(first) * 1e6, 4]] },
  ]);

  const bare = { labels: { __name__: 'up' }, samples: [[first, 8]] };
  const long = { labels: { __name__: 'up', inst: 'x:1', job: 'a b,c=d' }, samples: [[first, 1], [third, 2.5]] };
  const z = { labels: { __name__: 'up', job: 'z' }, samples: [[first, 4]] };
  const noName = { labels: { job: 'noname' }, samples: [[first, 3]] };
  const cpu = { labels: { __name__: 'cpu', host: 'a' }, samples: [[first, 7]] };
  const check = async (matchers: readonly (readonly [type: number, name: string, value: string])[], expected: readonly unknown[], startMs = 0n, endMs = 2n ** 62n): Promise<void> => {
    const answer = await post('read', promReadBody([{ startMs, endMs, matchers: matchers.map(([type, name, value]) => ({ type, name, value })) }]));
    const [series] = readPromAnswer(new Uint8Array(await answer.arrayBuffer()));
    expect(series, JSON.stringify(matchers)).toHaveLength(expected.length);
    expect(series, JSON.stringify(matchers)).toEqual(expect.arrayContaining([...expected]) as unknown);
  };
  await check([[0, '__name__', 'up']], [bare, long, z]);
  await check([[0, '__name__', 'up'], [0, 'job', '']], [bare]);
  await check([[0, '__name__', 'up'], [1, 'job', 'z']], [bare, long]);
  // Whole values, as Prometheus has it: InfluxDB finds 'a b,c=d' too.
  await check([[0, '__name__', 'up'], [2, 'job', 'a|z']], [z]);
  await check([[0, '__name__', 'up'], [3, 'job', 'z|']], [long]);
  // cpu has its name, which InfluxDB leaves out: it did not come from Prometheus.
  await check([[2, '__name__', 'u.|c.*']], [bare, long, z, cpu]);
  await check([[2, 'job', 'no.*']], [noName]);
  await check([[0, '__name__', 'prom_metric_not_specified']], [noName]);
  await check([[0, 'nope', 'x']], []);
  await check([[0, '__name__', 'up'], [0, 'inst', 'x:1']], [{ ...long, samples: [[first, 1]] }], first, second);
  await check([[0, '__name__', 'up'], [0, 'inst', 'x:1']], [long], first, third);
});

test('E7: MessagePack tells integers from floats, whatever their value', async () => {
  const { url } = await startServer();
  await query(url, 'CREATE DATABASE d');
  const lines = ['m,host=a f=1.5,i=3i,s="x",b=true 1000000001', 'm,host=a f=1e21,i=-70000i,s="y",b=false 2000000002', 'm,host=b f=-0.0,i=9223372036854775807i,s="z,\\"q\\"",b=true 3000000003', 'm,host=b f=1e-7,i=-9223372036854775808i 4000000000'];
  expect((await write(url, 'd', lines.join('\n'))).status).toBe(204);
  const hex = async (text: string, parameters = ''): Promise<string> => {
    const answer = await fetch(`${url}/query?db=d${parameters}&q=${encodeURIComponent(text)}`, { headers: { Accept: 'application/x-msgpack' } });
    expect(answer.headers.get('content-type')).toBe('application/x-msgpack');
    return Buffer.from(await answer.arrayBuffer()).toString('hex');
  };
  const columns = 'a7636f6c756d6e7395a474696d65a162a166a169a173a676616c756573';
  expect(await hex('SELECT * FROM m GROUP BY host')).toBe(
    ['81a7726573756c74739182ac73746174656d656e745f696400a67365726965739284a46e616d65a16da47461677381a4686f7374a161', columns, '92',
      '95c70c05000000000000000100000001c3cb3ff800000000000003a178', '95c70c05000000000000000200000002c2cb444b1ae4d6e2ef50d2fffeee90a179',
      '84a46e616d65a16da47461677381a4686f7374a162', columns, '92',
      '95c70c05000000000000000300000003c3cb8000000000000000d37fffffffffffffffa57a2c227122', '95c70c05000000000000000400000000c0cb3e7ad7f29abcaf48d38000000000000000c0'].join(''),
  );
  const head = '81a7726573756c74739182ac73746174656d656e745f696400a67365726965739183a46e616d65a16da7636f6c756d6e7393a474696d65a5636f756e74a46d65616ea676616c7565739193';
  expect(await hex('SELECT count(f), mean(f) FROM m WHERE time >= 1s AND time < 2s', '&epoch=ns'), 'a count is an integer, a mean a float').toBe(`${head}d23b9aca0001cb3ff8000000000000`);
});

test('E7: a chunked SHOW has whole measurements, or everything, as InfluxDB 1.6.7 has it', async () => {
  const { url } = await startServer();
  await query(url, 'CREATE DATABASE d');
  expect((await write(url, 'd', 'm,host=a f=1,i=1i 1\nm,host=b f=1 1\nn,host=a f=1 1')).status).toBe(204);
  const check = async (text: string, ...expected: readonly string[]): Promise<void> => {
    const answer = await fetch(`${url}/query?db=d&chunked=true&chunk_size=1&q=${encodeURIComponent(text)}`);
    const results = expected.map((each) => `{"results":[{"statement_id":0,"series":[${each}}]}\n`).join('');
    expect(await answer.text(), text).toBe(results);
  };
  await check('SHOW TAG VALUES WITH KEY = host', '{"name":"m","columns":["key","value"],"values":[["host","a"],["host","b"]]}]', '{"name":"n","columns":["key","value"],"values":[["host","a"]]}]');
  await check('SHOW TAG KEYS', '{"name":"m","columns":["tagKey"],"values":[["host"]]}]', '{"name":"n","columns":["tagKey"],"values":[["host"]]}]');
  await check('SHOW MEASUREMENTS', '{"name":"measurements","columns":["name"],"values":[["m"],["n"]]}]');
  await check('SHOW SERIES', '{"columns":["key"],"values":[["m,host=a"]],"partial":true}],"partial":true', '{"columns":["key"],"values":[["m,host=b"]],"partial":true}],"partial":true', '{"columns":["key"],"values":[["n,host=a"]]}]');
  await check(
    'SHOW FIELD KEYS',
    '{"name":"m","columns":["fieldKey","fieldType"],"values":[["f","float"]],"partial":true}],"partial":true',
    '{"name":"m","columns":["fieldKey","fieldType"],"values":[["i","integer"]]}],"partial":true',
    '{"name":"n","columns":["fieldKey","fieldType"],"values":[["f","float"]]}]',
  );
  await check('SHOW TAG KEY CARDINALITY', '{"name":"m","columns":["count"],"values":[[1]]}],"partial":true', '{"name":"n","columns":["count"],"values":[[1]]}]');
});
