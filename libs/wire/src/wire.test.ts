import { createHash } from 'node:crypto';
import { DbError } from '@varve/base';
import { expect, test } from 'vitest';
import { decode, encode } from './codec.ts';
import { PROTOCOL_VERSION, WIRE_SCHEMAS } from './schemas.ts';
import { subjectsOf } from './subjects.ts';

const ACK = { owner: 1, shard: 7, incarnation: 2, number: 3, seriesCount: 5, refusal: undefined, reason: undefined };

test('a message reads back as it was written, payload and all', () => {
  const payload = new Uint8Array([1, 2, 3]);
  const bytes = encode('shardWrite', { epoch: 4, incarnation: 5, number: 6, traceParent: undefined }, payload);
  expect(decode(bytes, 'shardWrite')).toEqual({ kind: 'shardWrite', header: { epoch: 4, incarnation: 5, number: 6 }, payload });
});

test('a message of another kind, version or shape is refused with the reason', () => {
  const check = (bytes: Uint8Array, expected: RegExp): void => {
    expect(() => decode(bytes, 'shardAck')).toThrow(DbError);
    expect(() => decode(bytes, 'shardAck')).toThrow(expected);
  };
  const good = encode('shardAck', ACK);
  const newer = good.slice();
  newer[0] = PROTOCOL_VERSION + 1;

  check(encode('metaChanged', { version: 1, index: 1 }), /"metaChanged" where shardAck was expected/);
  check(newer, /protocol version 2, this node speaks 1/);
  check(good.slice(0, 12), /bytes wanted/);
  check(encode('shardAck', { ...ACK, owner: 'one' as unknown as number }), /field owner of shardAck is no number/);
});

test('every cut of a message is refused or read, never anything else', () => {
  const good = encode('dataSeries', { shards: [1, 2], version: 3, mayJoin: false }, new Uint8Array(8));
  for (let size = 0; size < good.length - 8; size += 1) {
    expect(() => decode(good.slice(0, size), 'dataSeries'), `cut at ${size}`).toThrow(DbError);
  }
});

test('two clusters share no subject', () => {
  const all = (clusterId: string): string[] => {
    const subjects = subjectsOf(clusterId);
    return [subjects.metaPropose, subjects.metaCatalog, subjects.metaChanged, subjects.shardWrite(1), subjects.dataReady(1), subjects.dataQuery(1), subjects.dataSeries(1)];
  };
  expect(all('a').filter((subject) => all('b').includes(subject))).toEqual([]);
});

test('the wire format changes only on purpose', () => {
  const fingerprint = createHash('sha256').update(JSON.stringify(WIRE_SCHEMAS)).digest('hex').slice(0, 12);
  // It failed? If older nodes can still read the messages, update the fingerprint.
  // If they cannot, bump PROTOCOL_VERSION too and add a line to its history.
  expect({ PROTOCOL_VERSION, fingerprint }).toEqual({ PROTOCOL_VERSION: 1, fingerprint: '08e169796467' });
});
