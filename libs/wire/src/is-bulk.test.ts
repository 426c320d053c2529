import { expect, test } from 'vitest';
import { BULK_INBOX_PREFIX, isBulkSubject } from './is-bulk.ts';
import { subjectsOf } from './subjects.ts';

const subjects = subjectsOf('a-cluster');

test('frames, rows, documents and the inboxes they go to are bulk', () => {
  const bulk = [subjects.shardWrite(1), subjects.dataWrite(2), subjects.dataQuery(2), subjects.dataSeries(2), subjects.dataKnown(2), subjects.dataFrames(2), subjects.repairHint(3), subjects.raftSnapshot(1), subjects.metaCatalog, `${BULK_INBOX_PREFIX}.x`];
  expect(bulk.filter((subject) => !isBulkSubject(subject))).toEqual([]);
});

test('what decides who lives and who leads is not', () => {
  const control = [subjects.heartbeat, subjects.raft(1), subjects.metaPropose, subjects.metaChanged, subjects.nodeClaim('data', 'shard.1.write'), subjects.dataReady(1), subjects.dataVectors(1), subjects.repairHeld(1), '_INBOX.control.x'];
  expect(control.filter(isBulkSubject)).toEqual([]);
});
