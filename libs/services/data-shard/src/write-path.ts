import { DbError, type ErrorCode, type SizeBytes } from '@varve/base';
import { LIMITS } from '@varve/config';
import { decodeFrame, encodeVoidFrame, type Frame } from '@varve/frame';
import { pause } from '@varve/kit';
import { hasMutation, NO_WATERMARK, type IncarnationId, type NodeId, type ShardId } from '@varve/model';
import { traceIdOf, type BusMessage, type TraceParent } from '@varve/ports';
import { attributes, metrics as names, spans } from '@varve/telemetry';
import { decode, encode, type Header } from '@varve/wire';
import { holdBackMsOf } from './hold-back.ts';
import type { DataShardPorts } from './ports.ts';
import type { ShardReplica } from './shard-replica.ts';

/**
 * What an owner does with a frame: check that it belongs here, journal it, make it visible, ack. The ack says that the
 * frame is on this owner's disk (W1); nothing is visible before that (W2).
 */
export class WritePath {
  readonly #ports: DataShardPorts;
  readonly #node: NodeId;
  /** The epoch of an owned shard in the newest catalog; undefined when it is not owned. */
  readonly #epochOf: (shard: ShardId) => number | undefined;
  /** Whether a coordinator itself may still bring frames of this incarnation (X10). */
  readonly #isOpen: (incarnation: IncarnationId) => boolean;
  /** What memtables hold of what they may: above 1 they grow faster than they are flushed. */
  readonly #fullness: () => number;
  readonly #onInserted: (replica: ShardReplica) => void;
  #backlogBytes: SizeBytes = 0;
  /** Acks that are held back. */
  readonly #holding = new Set<Promise<void>>();

  constructor(
    ports: DataShardPorts,
    node: {
      readonly id: NodeId;
      readonly epochOf: (shard: ShardId) => number | undefined;
      readonly isOpen: (incarnation: IncarnationId) => boolean;
      readonly fullness: () => number;
      readonly onInserted: (replica: ShardReplica) => void;
    },
  ) {
    this.#ports = ports;
    this.#node = node.id;
    this.#epochOf = node.epochOf;
    this.#isOpen = node.isOpen;
    this.#fullness = node.fullness;
    this.#onInserted = node.onInserted;
  }

  /** Handles `shard.<id>.write`. Never throws; what cannot be stored is refused with a code. */
  async onFrame(replica: ShardReplica, { payload, replyTo }: BusMessage): Promise<void> {
    const { log, metrics } = this.#ports;
    let header: Header<'shardWrite'> | undefined;
    try {
      const message = decode(payload, 'shardWrite');
      header = message.header;
      await this.#traced(replica, message.header.traceParent, () => this.#store(replica, message.header, message.payload));
      await this.#holdBack(payload.length);
      this.#answer(replyTo, replica.shard, header, { seriesCount: replica.table.seriesCount });
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      metrics.add(names.framesRefused, 1, { code: error.code });
      log.warn('Frame refused', { traceId: traceIdOf(header?.traceParent), shard: replica.shard, code: error.code, reason: error.message, ...error.facts });
      if (header !== undefined) this.#answer(replyTo, replica.shard, header, { error });
    }
  }

  /** Resolves when all frames that are here are answered. */
  async drain(): Promise<void> {
    await Promise.all(this.#holding);
  }

  /** Answers a frame of a shard that this node cannot open (Y6): it becomes a hint. Never throws. */
  refuse(shard: ShardId, { payload, replyTo }: BusMessage, error: DbError): void {
    try {
      const { header } = decode(payload, 'shardWrite');
      this.#ports.metrics.add(names.framesRefused, 1, { code: error.code });
      this.#answer(replyTo, shard, header, { error });
    } catch (cause) {
      if (!(cause instanceof DbError)) throw cause;
      this.#ports.log.warn('Frame refused', { shard, code: cause.code, reason: cause.message });
    }
  }

  /**
   * A frame from a hint store, a peer or as a void (X5): only the checks of a coordinator's envelope are left out. A late one ends
   * as a void: nobody shall bring it again and again (S9).
   * @throws DbError SHARD_NOT_HERE, FRAME_INVALID, WRITE_OVERLOADED, STORAGE_FULL, STORAGE_FAILED
   */
  storeFromPeer(replica: ShardReplica, bytes: Uint8Array, traceParent?: TraceParent): Promise<void> {
    return this.#traced(replica, traceParent, () => {
      const frame = this.#checked(replica, bytes);
      if (!this.#isLate(replica, frame)) return this.#insert(replica, frame, bytes);
      const { mutation } = frame.header;
      const ended = encodeVoidFrame(replica.shard, { mutation, version: { ...NO_WATERMARK, incarnation: mutation.incarnation } });
      return this.#insert(replica, decodeFrame(ended), ended);
    });
  }

  /** From the bus to the journal's commit. */
  async #traced(replica: ShardReplica, traceParent: TraceParent | undefined, store: () => Promise<void>): Promise<void> {
    const span = this.#ports.tracer.startChild(spans.shardWrite, traceParent, { kind: 'consumer', attributes: { [attributes.shard]: replica.shard, [attributes.owner]: this.#node } });
    try {
      await store();
      span.end();
    } catch (error) {
      span.end(error);
      throw error;
    }
  }

  async #store(replica: ShardReplica, header: Header<'shardWrite'>, bytes: Uint8Array): Promise<void> {
    const epoch = this.#epochOf(replica.shard);
    if (epoch !== undefined && header.epoch < epoch) throw refusal('EPOCH_STALE', `epoch ${header.epoch} of shard ${replica.shard} is behind ${epoch}`);
    if (!this.#isOpen(header.incarnation)) throw refusal('INCARNATION_CLOSED', `incarnation ${header.incarnation} is closed`);
    const frame = this.#checked(replica, bytes);
    const { incarnation, number } = frame.header.mutation;
    if (incarnation !== header.incarnation || number !== header.number) {
      throw refusal('FRAME_INVALID', `frame ${incarnation}/${number} in an envelope for ${header.incarnation}/${header.number}`);
    }
    const { tombstoneCount } = replica.table;
    if (frame.tombstone !== undefined && tombstoneCount >= LIMITS.tombstoneCountMax) {
      throw refusal('TOMBSTONE_LIMIT', `shard ${replica.shard} holds ${tombstoneCount} deletes that are not over yet; retry`);
    }
    if (this.#isLate(replica, frame)) throw refusal('BELOW_WATERMARK', `frame ${incarnation}/${number} is older than all that may come to shard ${replica.shard}`);
    await this.#insert(replica, frame, bytes);
  }

  /** S1: there is none, unless something is wrong that people should know of. What the replica has is not late (S10). */
  #isLate({ shard, table }: ShardReplica, frame: Frame): boolean {
    const { mutation: { incarnation, number }, version } = frame.header;
    if (!table.isLate(frame) || hasMutation(table.vector, incarnation, number)) return false;
    this.#ports.metrics.add(names.framesLate, 1);
    const facts = { shard, incarnation, number, version, watermark: table.watermark };
    this.#ports.log.error('A frame came that is older than the watermark of its shard, and was not applied: a clock, a disk or a program is wrong', facts);
    return true;
  }

  /** No await between the checks and the sequence number: W8. */
  async #insert(replica: ShardReplica, frame: Frame, bytes: Uint8Array): Promise<void> {
    const { incarnation, number } = frame.header.mutation;
    if (hasMutation(replica.table.vector, incarnation, number)) return; // V8, and W1: what the vector claims is durable.
    const seq = replica.nextSeq;
    replica.nextSeq += 1;
    const inserted = this.#journal({ shard: replica.shard, seq, frame: bytes }).then(() => {
      if (replica.isDropped) throw refusal('SHARD_NOT_HERE', `shard ${replica.shard} was dropped`);
      replica.journalIndex.add(seq, frame.header.mutation);
      replica.table.insert(frame, seq);
      this.#onInserted(replica);
    });
    replica.journaling.add(inserted);
    await inserted.finally(() => replica.journaling.delete(inserted));
  }

  #checked(replica: ShardReplica, bytes: Uint8Array): Frame {
    if (this.#epochOf(replica.shard) === undefined || replica.isDropped) throw refusal('SHARD_NOT_HERE', `shard ${replica.shard} is not here`);
    if (this.#backlogBytes + bytes.length > LIMITS.journalBacklogSizeBytesMax || this.#fullness() > 1) {
      throw refusal('WRITE_OVERLOADED', `${this.#backlogBytes} bytes wait for the journal, or flushes are behind`);
    }
    const frame = decodeFrame(bytes);
    const { shard } = frame.header;
    if (shard !== replica.shard) throw refusal('FRAME_INVALID', `frame of shard ${shard} in an envelope for shard ${replica.shard}`);
    replica.table.check(frame);
    return frame;
  }

  async #journal(row: { readonly shard: ShardId; readonly seq: number; readonly frame: Uint8Array }): Promise<void> {
    this.#backlogBytes += row.frame.length;
    try {
      await this.#ports.journal.append([row]);
    } catch (error) {
      this.#ports.onFatal(error); // A failed commit is never retried: what is on disk is unknown until recovery.
      throw error;
    } finally {
      this.#backlogBytes -= row.frame.length;
    }
  }

  /** The frame is on disk and visible; whoever sent it shall send the next one later. */
  async #holdBack(sizeBytes: SizeBytes): Promise<void> {
    const holdBackMs = holdBackMsOf(this.#fullness(), sizeBytes);
    if (holdBackMs < 1) return;
    const held = pause(this.#ports.clock, holdBackMs);
    this.#holding.add(held);
    await held;
    this.#holding.delete(held);
  }

  #answer(replyTo: string | undefined, shard: ShardId, header: Header<'shardWrite'>, { seriesCount, error }: { readonly seriesCount?: number; readonly error?: DbError }): void {
    if (replyTo === undefined) return;
    const { incarnation, number } = header;
    const ack = { owner: this.#node, shard, incarnation, number, seriesCount, refusal: error?.code, reason: error?.message };
    this.#ports.bus.publish(replyTo, encode('shardAck', ack));
  }
}

function refusal(code: ErrorCode, reason: string): DbError {
  return new DbError(code, reason);
}
