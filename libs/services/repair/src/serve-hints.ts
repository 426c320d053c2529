import { DbError } from '@varve/base';
import { isOpenIncarnation } from '@varve/catalog';
import { frameHeader } from '@varve/frame';
import { serve } from '@varve/kit';
import { encodeVectors, type Catalog, type NodeId } from '@varve/model';
import type { Bus, Log, Subscription, Tracer } from '@varve/ports';
import { attributes, spans } from '@varve/telemetry';
import type { Header, Subjects } from '@varve/wire';
import type { HintLog } from './hint-log.ts';

export interface HintParts {
  readonly node: NodeId;
  /** Resolves with the newest catalog once it has this version. */
  readonly catalogOf: (version: number) => Promise<Catalog>;
  readonly log: HintLog;
  /** An owner has one hint more. */
  readonly onAppended: (owner: NodeId) => void;
}

/** Takes hints of coordinators, and says what is held. */
export function serveHints(
  { bus, log, tracer, subjects }: { readonly bus: Bus; readonly log: Log; readonly tracer: Tracer; readonly subjects: Subjects },
  { node, catalogOf, log: hints, onAppended }: HintParts,
): readonly Subscription[] {
  return [
    serve({ bus, log }, { subject: subjects.repairHint(node), askedKind: 'repairHint', answerKind: 'repairHinted' }, async ({ header, payload }) => {
      checkFrame(header, payload);
      const { owners, shard, incarnation, number, isAtOwner, traceParent: asking } = header;
      const span = tracer.startChild(spans.hintStore, asking, { kind: 'consumer', attributes: { [attributes.shard]: shard, [attributes.frameSize]: payload.length } });
      const { traceParent } = span;
      // No await between this check and the hint's place among those being stored: `held` must not miss it (H9).
      if (!isOpenIncarnation(await catalogOf(0), incarnation)) throw new DbError('INCARNATION_CLOSED', `incarnation ${incarnation} is closed`);
      try {
        await hints.take(owners.map((owner) => ({ owner, shard, incarnation, number, traceParent, frame: payload })), isAtOwner);
        span.end();
      } catch (error) {
        span.end(error);
        throw error;
      }
      for (const owner of owners) onAppended(owner);
      return { header: { node } };
    }),
    serve({ bus, log }, { subject: subjects.repairHeld(node), askedKind: 'repairHeld', answerKind: 'repairHeldAre' }, async ({ header }) => {
      await catalogOf(header.version);
      const held = await hints.held(header.owner);
      return { header: { shards: [...held.keys()] }, payload: encodeVectors([...held.values()]) };
    }),
  ];
}

/** @throws DbError FRAME_INVALID: a hint that no owner would take is not kept */
function checkFrame({ shard, incarnation, number }: Header<'repairHint'>, frame: Uint8Array): void {
  const { mutation, shard: framed } = frameHeader(frame);
  if (framed === shard && mutation.incarnation === incarnation && mutation.number === number) return;
  throw new DbError('FRAME_INVALID', `frame ${mutation.incarnation}/${mutation.number} of shard ${framed} in a hint for ${incarnation}/${number} of shard ${shard}`);
}
