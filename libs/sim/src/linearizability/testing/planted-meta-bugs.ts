import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { createMetaRaft } from '@varve/meta-raft-service';

/** A line of a package and what a mistake would have made of it. */
interface Patch {
  readonly package: '@varve/raft' | '@varve/catalog' | '@varve/meta-raft-service';
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

/** Mistakes on the way from a proposal to its answer. Each makes some history that no order explains. */
export const PLANTED_META_BUGS: Readonly<Record<string, readonly Patch[]>> = {
  'a proposal is answered before a quorum has it': [
    { package: '@varve/raft', file: 'quorum.ts', right: 'descending[quorumOf(indexes.length) - 1]', wrong: 'descending[0]' },
  ],
  'a command that comes again runs again': [
    { package: '@varve/catalog', file: 'sessions.ts', right: "if (known !== undefined) return { kind: 'repeated', result: known.result };", wrong: '' },
  ],
  'an answer goes to whoever waits at its index': [
    { package: '@varve/meta-raft-service', file: 'propose-path.ts', right: 'waiting.term !== entry.term || ', wrong: '' },
    { package: '@varve/meta-raft-service', file: 'propose-path.ts', right: "this.#refuseAll(new DbError('META_NOT_LEADER', 'this meta node leads no more; retry'));", wrong: '' },
  ],
  'the id of a dropped database is given again': [
    { package: '@varve/catalog', file: 'databases.ts', right: 'withoutPrivilegesOn({ ...catalog,', wrong: 'withoutPrivilegesOn({ ...catalog, nextId: catalog.databases.get(name)!.id,' },
  ],
  'a floor does not know of renewals': [
    { package: '@varve/catalog', file: 'incarnations.ts', right: 'ceilingMs: Math.max(catalog.ceilingMs, ceilingMs) }', wrong: 'ceilingMs: catalog.ceilingMs }' },
  ],
  'a drop makes no new version': [
    { package: '@varve/catalog', file: 'apply-command.ts', right: "new Set(['renewIncarnation',", wrong: "new Set(['dropDatabase', 'renewIncarnation'," },
  ],
  'a meta node answers a read with what it has': [
    { package: '@varve/meta-raft-service', file: 'publish-catalog.ts', right: 'if (isLinearizable) await this.#parts.linearize();', wrong: '' },
  ],
  'a snapshot has no incarnations': [
    { package: '@varve/meta-raft-service', file: 'catalog-machine.ts', right: 'sizeBytesMax });\n    this.#catalog = catalog;', wrong: 'sizeBytesMax });\n    this.#catalog = { ...catalog, incarnations: new Map() };' },
  ],
};

const REQUIRE = createRequire(import.meta.url);

/** The meta node with that mistake in its source. @throws Error when a line is not there, once: then the mistake wants another place */
export async function plantMetaBug(name: string): Promise<typeof createMetaRaft> {
  const patches = PLANTED_META_BUGS[name]!;
  const directory = mkdtempSync(join(tmpdir(), 'planted-meta-bug-'));
  try {
    const copied = new Map([...new Set(['@varve/meta-raft-service', ...patches.map((patch) => patch.package)])].map((each, number) => [each, join(directory, String(number))]));
    const urlOf = (each: string): string => pathToFileURL(copied.has(each) ? join(copied.get(each)!, 'index.ts') : REQUIRE.resolve(each)).href;
    for (const [each, target] of copied) copy(dirname(REQUIRE.resolve(each)), target, { urlOf, patches: patches.filter((patch) => patch.package === each) });
    const planted = (await import(urlOf('@varve/meta-raft-service'))) as { readonly createMetaRaft: typeof createMetaRaft };
    return planted.createMetaRaft;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function copy(source: string, target: string, { urlOf, patches }: { readonly urlOf: (name: string) => string; readonly patches: readonly Patch[] }): void {
  mkdirSync(target);
  for (const file of readdirSync(source).filter((each) => each.endsWith('.ts') && !each.endsWith('.test.ts'))) {
    const text = readFileSync(join(source, file), 'utf8').replaceAll(/'(@varve\/[a-z-]+)'/g, (_, each: string) => `'${urlOf(each)}'`);
    writeFileSync(join(target, file), patches.filter((patch) => patch.file === file).reduce(patched, text));
  }
}

function patched(source: string, { file, right, wrong }: Patch): string {
  const parts = source.split(right);
  if (parts.length !== 2) throw new Error(`${file} has "${right}" ${parts.length - 1} times`);
  return parts.join(wrong);
}
