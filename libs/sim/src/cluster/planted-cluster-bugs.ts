import { crc32 } from 'node:zlib';
import { decodeVectors, encodeVectors, type IncarnationId, type MutationVector, type NumberIntervals } from '@varve/model';
import type { Bus, BusMessage, HintStore } from '@varve/ports';
import { decode, encode, type Header, type MessageKind } from '@varve/wire';
import { busWith } from '../bus-with.ts';
import { hintStoreWith } from '../hint-store-with.ts';
import { unionOf } from '@varve/reconcile';
import type { ClusterSeams } from './sim-cluster.ts';

/**
 * Bugs that a replicated database has had or could have, put between the services and their ports. Each must be caught: a
 * checker that lets one through is blind.
 */
export const PLANTED_CLUSTER_BUGS: Readonly<Record<string, () => Partial<ClusterSeams>>> = {
  'a hint counts as an ack at one': () => ({ coordinatorBus: takingHintsForAcks }),
  'hints are lost by a restart': () => ({ hintStore: forgettingHints }),
  'the epoch is not checked': () => ({ coordinatorBus: withStaleCopies, dataBus: (bus) => rewriting(bus, 'shardWrite', (header) => ({ ...header, epoch: 1_000 })) }),
  'an owner is skipped': () => ({ coordinatorBus: skippingOwners() }),
  'a joining owner serves': () => ({ dataBus: (bus) => rewriting(bus, 'dataQuery', (header) => ({ ...header, mayJoin: true })), coordinatorBus: hidingJoins }),
  'a vector claims frames that the owner lacks': () => ({ dataBus: claimingAll }),
  'a number that somebody holds is voided': () => ({ repairBus: overlookingHolders }),
  'a coordinator does not keep what it has pledged': () => ({ coordinatorBus: pledgingTooMuch }),
  'a watermark passes frames that an owner lacks': () => ({ repairBus: believingAll, dataBus: (bus) => rewriting(bus, 'dataWatermark', (header) => header, forgettingRequired) }),
  'two frames have equal versions': () => ({ coordinatorBus: stampingAlike }),
};

/** Not a bug: old frames under new numbers, as a coordinator with an old catalog might send. Owners refuse them. */
export function withStaleCopies(bus: Bus): Bus {
  let earlier: Uint8Array | undefined;
  return busWith(bus, {
    publish: (subject, payload, replyTo) => {
      if (!isWrite(subject)) return bus.publish(subject, payload, replyTo);
      const { header, payload: frame } = decode(payload, 'shardWrite');
      const isSameShard = earlier !== undefined && shardOf(earlier) === shardOf(frame);
      if (header.number % 5 === 0 && earlier !== undefined && isSameShard) bus.publish(subject, encode('shardWrite', { ...header, epoch: 0 }, underIdOf(frame, earlier)));
      earlier = frame;
      bus.publish(subject, payload, replyTo);
    },
  });
}

/** When a repair node has taken a hint, its owner is taken to have answered. */
function takingHintsForAcks(bus: Bus): Bus {
  const inboxes = new Map<string, (message: BusMessage) => void>();
  return busWith(bus, {
    subscribe: (subject, onMessage, queue) => {
      if (queue === undefined) inboxes.set(subject, onMessage);
      return bus.subscribe(subject, onMessage, queue);
    },
    request: async (subject, payload, timeoutMs) => {
      const answer = await bus.request(subject, payload, timeoutMs);
      if (!subject.endsWith('.hint')) return answer;
      const { owners, shard, incarnation, number } = decode(payload, 'repairHint').header;
      for (const owner of owners) for (const [inbox, onMessage] of inboxes) onMessage({ subject: inbox, payload: encode('shardAck', { owner, shard, incarnation, number, seriesCount: undefined, refusal: undefined, reason: undefined }) });
      return answer;
    },
  });
}

function forgettingHints(store: HintStore): HintStore {
  return hintStoreWith(store, { load: async () => ({ hints: [], marks: [], damagedCount: 0 }) });
}

/** When one owner has answered, so has the next one. */
function skippingOwners(): (bus: Bus) => Bus {
  const owners = new Set<number>();
  return (bus) =>
    busWith(bus, {
      subscribe: (subject, onMessage, queue) =>
        bus.subscribe(
          subject,
          (message) => {
            onMessage(message);
            const ack = tryDecode(message.payload, 'shardAck');
            if (ack === undefined || ack.header.refusal !== undefined) return;
            owners.add(ack.header.owner);
            const all = [...owners];
            const next = all[(all.indexOf(ack.header.owner) + 1) % all.length]!;
            onMessage({ subject, payload: encode('shardAck', { ...ack.header, owner: next }) });
          },
          queue,
        ),
    });
}

/** Coordinators do not hear that an owner is joining. */
function hidingJoins(bus: Bus): Bus {
  return rewriting(bus, 'heartbeat', (header) => ({ ...header, isJoining: false }));
}

/** An owner says that it has every number below its greatest. */
function claimingAll(bus: Bus): Bus {
  return busWith(bus, {
    publish: (subject, payload, replyTo) => {
      const answer = tryDecode(payload, 'dataVectorsAre');
      if (answer === undefined) return bus.publish(subject, payload, replyTo);
      const vectors = decodeVectors(answer.payload).map((vector) => mapped(vector, (intervals) => [[1, intervals.at(-1)?.[1] ?? 1]]));
      bus.publish(subject, encode('dataVectorsAre', answer.header, encodeVectors(vectors)), replyTo);
    },
  });
}

/** Its frames of the next three seconds are below what it has answered. */
function pledgingTooMuch(bus: Bus): Bus {
  return busWith(bus, {
    publish: (subject, payload, replyTo) => {
      const answer = tryDecode(payload, 'coordinatorPledgeIs');
      if (answer === undefined) return bus.publish(subject, payload, replyTo);
      bus.publish(subject, encode('coordinatorPledgeIs', { ...answer.header, wallMs: answer.header.wallMs + 3_000 }));
    },
  });
}

/** Every owner has what any of them has. */
function believingAll(bus: Bus): Bus {
  const known = new Map<number, MutationVector>();
  return busWith(bus, {
    request: async (subject, payload, timeoutMs) => {
      const bytes = await bus.request(subject, payload, timeoutMs);
      const answer = tryDecode(bytes, 'dataVectorsAre');
      if (answer === undefined) return bytes;
      const vectors = decodeVectors(answer.payload).map((vector, index) => {
        const shard = answer.header.shards[index]!;
        known.set(shard, unionOf([vector, known.get(shard) ?? new Map()]));
        return known.get(shard)!;
      });
      return encode('dataVectorsAre', answer.header, encodeVectors(vectors));
    },
  });
}

/** As if a watermark rested on nothing. */
function forgettingRequired(payload: Uint8Array): Uint8Array {
  return encodeVectors(decodeVectors(payload).map(() => new Map()));
}

/** Repair does not see every third number in what owners answer. */
function overlookingHolders(bus: Bus): Bus {
  return busWith(bus, {
    request: async (subject, payload, timeoutMs) => {
      const bytes = await bus.request(subject, payload, timeoutMs);
      const answer = tryDecode(bytes, 'dataVectorsAre');
      if (answer === undefined) return bytes;
      const vectors = decodeVectors(answer.payload).map((vector) => mapped(vector, (intervals) => intervals.flatMap(([first, end]) => withoutThirds(first, end))));
      return encode('dataVectorsAre', answer.header, encodeVectors(vectors));
    },
  });
}

/** All frames of a second have the same version. */
function stampingAlike(bus: Bus): Bus {
  return busWith(bus, {
    publish: (subject, payload, replyTo) => {
      if (!isWrite(subject)) return bus.publish(subject, payload, replyTo);
      const { header, payload: frame } = decode(payload, 'shardWrite');
      bus.publish(subject, encode('shardWrite', header, stampedAlike(frame)), replyTo);
    },
  });
}

function isWrite(subject: string): boolean {
  return /\.shard\.\d+\.write$/.test(subject);
}

/** Changes the headers of one kind of message on their way in, also of questions that open a stream. */
function rewriting<Kind extends MessageKind>(bus: Bus, kind: Kind, change: (header: Header<Kind>) => Header<Kind>, changePayload = (payload: Uint8Array): Uint8Array => payload): Bus {
  const rewritten = (payload: Uint8Array): Uint8Array => {
    const read = tryDecode(payload, kind);
    if (read !== undefined) return encode(kind, change(read.header), changePayload(read.payload));
    const opening = tryDecode(payload, 'streamOpen');
    return opening === undefined ? payload : encode('streamOpen', opening.header, rewritten(opening.payload));
  };
  return busWith(bus, {
    subscribe: (subject, onMessage, queue) => bus.subscribe(subject, (message) => onMessage({ ...message, payload: rewritten(message.payload) }), queue),
  });
}

function tryDecode<Kind extends MessageKind>(bytes: Uint8Array, kind: Kind): ReturnType<typeof decode<Kind>> | undefined {
  try {
    return decode(bytes, kind);
  } catch {
    return undefined;
  }
}

function mapped(vector: MutationVector, change: (intervals: NumberIntervals) => NumberIntervals): MutationVector {
  return new Map([...vector].map(([incarnation, intervals]): [IncarnationId, NumberIntervals] => [incarnation, change(intervals)]));
}

function withoutThirds(first: number, end: number): NumberIntervals {
  const kept: [number, number][] = [];
  for (let number = first; number < end; number += 1) if (number % 3 !== 0) kept.push([number, number + 1]);
  return kept;
}

// Offsets are those of docs/formats/frame.md.

function shardOf(frame: Uint8Array): bigint {
  return new DataView(frame.buffer, frame.byteOffset).getBigUint64(16, true);
}

/** The content of one frame under the mutation id of another. */
function underIdOf(id: Uint8Array, content: Uint8Array): Uint8Array {
  return changed(content, (frame) => frame.set(id.subarray(24, 36), 24));
}

function stampedAlike(frame: Uint8Array): Uint8Array {
  return changed(frame, (_copy, view) => {
    view.setUint32(36, 0, true);
    view.setUint32(40, Math.floor(view.getUint32(40, true) / 1_000) * 1_000, true);
    view.setUint16(46, 0, true);
  });
}

function changed(frame: Uint8Array, change: (copy: Uint8Array, view: DataView) => void): Uint8Array {
  const copy = frame.slice();
  const view = new DataView(copy.buffer);
  change(copy, view);
  view.setUint32(8, crc32(copy.subarray(12), crc32(copy.subarray(0, 8))), true);
  return copy;
}
