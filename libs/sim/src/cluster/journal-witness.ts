import { crc32 } from 'node:zlib';
import { frameHeader } from '@varve/frame';
import type { MutationId } from '@varve/model';
import type { HintStore, Journal } from '@varve/ports';
import { hintStoreWith } from '../hint-store-with.ts';
import { journalWith } from '../journal-with.ts';

/** What is on whose disk of one mutation. */
interface Sighting {
  readonly checksum: number;
  readonly isVoid: boolean;
  readonly nodes: Set<string>;
}

/**
 * Looks at every journal and hint store from behind, so that an ack can be held against the disks. Finds by itself: two
 * different frames under one mutation id, which includes a number that was voided although somebody held it.
 */
export class JournalWitness {
  readonly #sightings = new Map<string, Sighting>();
  readonly #hinted = new Set<string>();
  readonly #problems = new Set<string>();

  get problems(): readonly string[] {
    return [...this.#problems];
  }

  /** How many data nodes have had all of these frames on their disks. */
  ownerCountOf(mutations: readonly MutationId[]): number {
    const counts = mutations.map((mutation) => this.#sightings.get(keyOf(mutation))?.nodes.size ?? 0);
    return counts.length === 0 ? 0 : Math.min(...counts);
  }

  /** Whether each of these frames was on some disk, an owner's or a repair node's. */
  isKept(mutations: readonly MutationId[]): boolean {
    return mutations.every((mutation) => this.#sightings.has(keyOf(mutation)) || this.#hinted.has(keyOf(mutation)));
  }

  watchJournal(journal: Journal, node: string): Journal {
    return journalWith(journal, {
      append: async (rows) => {
        await journal.append(rows);
        for (const { frame } of rows) this.#see(frame, node);
      },
      // What a run has committed in its last moment is found by the next one.
      read: (shard, afterSeq) => this.#seeing(journal.read(shard, afterSeq), node),
    });
  }

  watchHints(store: HintStore): HintStore {
    return hintStoreWith(store, {
      append: async (hints) => {
        const ids = await store.append(hints);
        for (const { frame } of hints) this.#hinted.add(keyOf(frameHeader(frame).mutation));
        return ids;
      },
    });
  }

  async *#seeing<Row extends { readonly frame: Uint8Array | undefined }>(rows: AsyncIterable<Row>, node: string): AsyncGenerator<Row> {
    for await (const row of rows) {
      if (row.frame !== undefined) this.#see(row.frame, node);
      yield row;
    }
  }

  #see(frame: Uint8Array, node: string): void {
    const { kind, mutation, rowCount } = frameHeader(frame);
    const key = keyOf(mutation);
    const seen = { checksum: crc32(frame), isVoid: kind === 'rows' && rowCount === 0, nodes: new Set([node]) };
    const known = this.#sightings.get(key);
    if (known === undefined) return void this.#sightings.set(key, seen);
    known.nodes.add(node);
    if (known.checksum === seen.checksum) return;
    if (known.isVoid === seen.isVoid) this.#problems.add(`mutation ${key} stands for two frames, one of them on ${node}`);
    else this.#problems.add(`mutation ${key} was voided although somebody holds it: ${[...known.nodes].join(', ')}`);
  }
}

function keyOf({ incarnation, shard, number }: MutationId): string {
  return `${incarnation}/${shard}/${number}`;
}
