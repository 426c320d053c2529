import { crc32 } from 'node:zlib';
import type { Bus, Journal, RaftLogStore, ShardStore } from '@varve/ports';
import { decode, encode } from '@varve/wire';
import { busWith } from './bus-with.ts';
import { journalWith } from './journal-with.ts';
import { shardStoreWith } from './shard-store-with.ts';
import type { SeamFilter } from './sim-embedded.ts';

/**
 * Bugs that a database of this kind has had, put between the services and their ports. Each must be caught: a checker that
 * lets one through is blind.
 */
export const PLANTED_BUGS: Readonly<Record<string, SeamFilter>> = {
  'ack before the commit': (seams) => ({ ...seams, journal: ackingEarly(seams.journal) }),
  'recovery replays trimmed rows': (seams) => ({ ...seams, shardStore: forgettingFlushes(seams.shardStore) }),
  'arrival order wins': (seams) => ({ ...seams, dataBus: restamping(seams.dataBus) }),
  'term not persisted': (seams) => ({ ...seams, raftLog: forgettingTerms(seams.raftLog) }),
};

/** The write is answered while its commit is under way, whatever becomes of that. */
function ackingEarly(journal: Journal): Journal {
  return journalWith(journal, { append: async (rows) => void journal.append(rows).catch(() => undefined) });
}

/** How far the journal is in chunks is not looked at. */
function forgettingFlushes(shardStore: ShardStore): ShardStore {
  return shardStoreWith(shardStore, { readState: async (shard) => ({ ...(await shardStore.readState(shard)), flushedSeq: 0 }) });
}

/** Frames get the version of their arrival, not the one their coordinator gave them. */
function restamping(bus: Bus): Bus {
  return busWith(bus, {
    subscribe: (subject, onMessage, queue) => {
      const isWrite = subject.endsWith('.write');
      return bus.subscribe(subject, (message) => onMessage(isWrite ? { ...message, payload: restamped(message.payload) } : message), queue);
    },
  });
}

let arrivalCount = 0;

/** Offsets are those of docs/formats/frame.md. */
function restamped(message: Uint8Array): Uint8Array {
  const { header, payload } = decode(message, 'shardWrite');
  const frame = payload.slice();
  const view = new DataView(frame.buffer);
  arrivalCount += 1;
  view.setUint32(40, arrivalCount, true);
  view.setUint32(44, 0, true);
  view.setUint32(8, crc32(frame.subarray(12), crc32(frame.subarray(0, 8))), true);
  return encode('shardWrite', header, frame);
}

/** Term and vote stay in memory; the log is written. */
function forgettingTerms(raftLog: RaftLogStore): RaftLogStore {
  return {
    begin: (who) => raftLog.begin(who),
    remember: (peer) => raftLog.remember(peer),
    load: () => raftLog.load(),
    persist: (_hardState, entries) => raftLog.persist(undefined, entries),
    compact: (throughIndex, term, membership) => raftLog.compact(throughIndex, term, membership),
    recovered: () => raftLog.recovered(),
    close: () => raftLog.close(),
  };
}
