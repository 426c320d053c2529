import { DbError, type InstantMs } from '@varve/base';
import { LIMITS } from '@varve/config';
import { request } from '@varve/kit';
import { encodeVectors, type Catalog, type MutationVector, type NodeId, type ShardId, type Version } from '@varve/model';
import type { PlacedShard } from '@varve/placement';
import type { Clock } from '@varve/ports';
import { candidateOf, isPassed, isReached, mutationCount, requiredFor, unionOf, type WatermarkCandidate } from '@varve/reconcile';
import { askPledges } from './ask-pledges.ts';
import { survey, type SurveyedShard, type SurveyPorts } from './survey.ts';
import { unmoved } from './turns.ts';

interface Told {
  readonly shard: ShardId;
  readonly owners: readonly NodeId[];
  readonly watermark: Version;
  readonly required: MutationVector;
}

/** Moves the watermarks of shards: a round of docs/specs/watermark.md. */
export class Watermarks {
  readonly #ports: SurveyPorts & { readonly clock: Clock };
  /** Not reached yet, with when each was found. */
  readonly #candidates = new Map<ShardId, { readonly candidate: WatermarkCandidate; readonly sinceMs: InstantMs }>();
  /** Shards whose watermark is above all they have: how many frames that were, and when their owners were told. */
  readonly #passed = new Map<ShardId, { readonly frameCount: number; readonly toldMs: InstantMs }>();

  constructor(ports: SurveyPorts & { readonly clock: Clock }) {
    this.#ports = ports;
  }

  /**
   * @param known the catalog as this node has it
   * @param newest resolves with one that has everything that was acknowledged before; without it no watermark moves
   */
  async round(placed: readonly PlacedShard[], known: Catalog, newest: () => Promise<Catalog>): Promise<void> {
    const shards = placed.map(({ shard }) => shard.id);
    const pledges = await askPledges(this.#ports, openIn(known), shards);
    const catalog = await this.#orNone(newest);
    if (catalog === undefined) return;
    const found = await survey(this.#ports, catalog, unmoved(placed, catalog)); // S11
    if (found.held === undefined) return;
    const reached: Told[] = [];
    for (const each of found.shards) {
      if (!each.isComplete) continue;
      const hinted = found.held.flatMap((vectors) => vectors.get(each.id) ?? []);
      const told = this.#reached(each, hinted, () => candidateOf(each.id, pledges, viewOf(catalog)));
      if (told !== undefined) reached.push(told);
    }
    await this.#tell(reached);
  }

  async #orNone(newest: () => Promise<Catalog>): Promise<Catalog | undefined> {
    try {
      return await newest();
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.#ports.log.debug('Watermarks stand still: no meta quorum shows the catalog', { code: error.code, reason: error.message });
      return undefined;
    }
  }

  /** Of shards that are gone nothing is remembered. */
  forget(isPlaced: (shard: ShardId) => boolean): void {
    for (const known of [this.#candidates, this.#passed]) for (const shard of [...known.keys()]) if (!isPlaced(shard)) known.delete(shard);
  }

  /** The shard's candidate, when its owners have what they must and have not heard of it yet. */
  #reached({ id, owners, vectors }: SurveyedShard, hinted: readonly MutationVector[], fresh: () => WatermarkCandidate | undefined): Told | undefined {
    const candidate = this.#candidateOf(id, fresh);
    if (candidate === undefined) return undefined;
    const ofOwners = [...vectors.values()];
    const required = requiredFor(candidate, [...ofOwners, ...hinted]);
    if (!isReached(required, ofOwners)) return undefined;
    this.#candidates.delete(id);
    if (this.#isOldNews(id, isPassed(candidate, ofOwners) ? mutationCount(unionOf(ofOwners)) : undefined)) return undefined;
    return { shard: id, owners, watermark: candidate.watermark, required };
  }

  /** One that is not reached is kept, so that frames under way do not hold the watermark up; one that is never reached gives way. */
  #candidateOf(shard: ShardId, fresh: () => WatermarkCandidate | undefined): WatermarkCandidate | undefined {
    const nowMs = this.#ports.clock.monotonicMs();
    const kept = this.#candidates.get(shard);
    if (kept !== undefined && nowMs - kept.sinceMs < LIMITS.watermarkCandidateMsMax) return kept.candidate;
    const candidate = fresh() ?? kept?.candidate;
    if (candidate !== undefined) this.#candidates.set(shard, { candidate, sinceMs: candidate === kept?.candidate ? kept.sinceMs : nowMs });
    return candidate;
  }

  /**
   * A shard in which nothing happens is not told its watermark at every round; an owner that has forgotten it hears it again.
   * @param frameCount how many frames the watermark has passed when it has passed all
   */
  #isOldNews(shard: ShardId, frameCount: number | undefined): boolean {
    const toldMs = this.#ports.clock.monotonicMs();
    const known = this.#passed.get(shard);
    if (frameCount !== undefined && known?.frameCount === frameCount && toldMs - known.toldMs < LIMITS.watermarkRepeatMs) return true;
    if (frameCount === undefined) this.#passed.delete(shard);
    else this.#passed.set(shard, { frameCount, toldMs });
    return false;
  }

  async #tell(reached: readonly Told[]): Promise<void> {
    const owners = new Set(reached.flatMap((each) => each.owners));
    await Promise.all([...owners].map((owner) => this.#tellOwner(owner, reached.filter((each) => each.owners.includes(owner)))));
  }

  /** An owner that does not hear of it has an older one, which is as true. */
  async #tellOwner(owner: NodeId, told: readonly Told[]): Promise<void> {
    const { bus, log, subjects } = this.#ports;
    try {
      const to = { subject: subjects.dataWatermark(owner), timeoutMs: LIMITS.vectorTimeoutMs, answerKind: 'dataWatermarkTaken' } as const;
      const header = {
        shards: told.map(({ shard }) => shard),
        wallMs: told.map(({ watermark }) => watermark.wallMs),
        counters: told.map(({ watermark }) => watermark.counter),
      };
      await request(bus, to, { kind: 'dataWatermark', header, payload: encodeVectors(told.map(({ required }) => required)) });
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      log.debug('An owner did not hear of its watermarks', { owner, code: error.code, reason: error.message });
    }
  }
}

function openIn({ incarnations }: Catalog): readonly number[] {
  return [...incarnations.values()].filter(({ isOpen }) => isOpen).map(({ id }) => id);
}

function viewOf(catalog: Catalog): Parameters<typeof candidateOf>[2] {
  return { open: openIn(catalog), nextIncarnation: catalog.nextId, ceilingMs: catalog.ceilingMs };
}
