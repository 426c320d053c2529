import { EMPTY_CATALOG, encodeCatalog, encodeChange, packCatalog, withoutSessions, type Catalog, type CatalogChange, type CatalogCommand, type CatalogDelivery } from '@varve/model';
import fc from 'fast-check';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import { expect, test } from 'vitest';
import { applyCatalogCommand } from './apply-command.ts';
import { CatalogCopy } from './catalog-copy.ts';
import { changeOf } from './changes.ts';
import { catalogFingerprint } from './fingerprint.ts';

// Methodology: a log of commands in a session, some of them refused or repeated, some entries no commands at all, is applied
// as a meta node does it. Deliveries are cut from it at any two places, and given to a copy in any order.

interface Applied {
  readonly index: number;
  readonly catalog: Catalog;
  readonly change: CatalogChange | undefined;
}

const NOTHING = new Uint8Array(0);

function applyAll(commands: readonly (CatalogCommand | 'again' | 'noOp')[]): Applied[] {
  const log: Applied[] = [{ index: 0, catalog: EMPTY_CATALOG, change: undefined }];
  const opened = applyCatalogCommand(EMPTY_CATALOG, { kind: 'openSession', proposer: 'a' }, { index: 1, atMs: 1, origin: { session: 0, seq: 0, ackedSeq: 0 } });
  log.push({ index: 1, catalog: opened.catalog, change: changeOf(EMPTY_CATALOG, opened.catalog, { index: 1, command: { kind: 'openSession', proposer: 'a' } }) });
  let seq = 0;
  let last: CatalogCommand = { kind: 'dropDatabase', name: 'none' };
  for (const each of commands) {
    const before = log.at(-1)!;
    const index = before.index + 1;
    if (each === 'noOp') {
      log.push({ ...before, index, change: undefined });
      continue;
    }
    if (each !== 'again') [last, seq] = [each, seq + 1];
    const context = { index, atMs: index % 3 === 0 ? before.catalog.clockMs : index * 10, origin: { session: 1, seq: Math.max(1, seq), ackedSeq: 0 } };
    const { catalog } = applyCatalogCommand(before.catalog, last, context);
    log.push({ index, catalog, change: changeOf(before.catalog, catalog, { index, command: last }) });
  }
  return log;
}

function delivered(log: readonly Applied[], after: number, index: number, isWhole = false): CatalogDelivery {
  const changes = log.slice(after + 1, index + 1).flatMap(({ change }) => (change === undefined ? [] : [...encodeChange(change)]));
  const whole = isWhole ? packCatalog(withoutSessions(log[after]!.catalog)) : undefined;
  return { afterIndex: after, index, fingerprint: catalogFingerprint(log[index]!.catalog), whole, changes: Uint8Array.from(changes) };
}

const COMMANDS: readonly (CatalogCommand | 'again' | 'noOp')[] = [
  { kind: 'joinNode', role: 'data', name: 'n' },
  { kind: 'createDatabase', name: 'd' },
  'again',
  { kind: 'openIncarnation', holder: 'h', nowMs: 1_767_225_600_000, leaseMs: 10 },
  { kind: 'renewIncarnation', incarnation: 4, ceilingMs: 1_767_225_700_000 },
  'noOp',
  { kind: 'dropDatabase', name: 'missing' },
  { kind: 'createShardGroups', database: 'd', retentionPolicy: 'autogen', timesNs: [0n] },
  'again',
  { kind: 'registerFields', database: 'd', retentionPolicy: 'autogen', fields: [{ measurement: 'm', field: 'f', type: 'float' }] },
  { kind: 'createRetentionPolicy', database: 'nowhere', options: { name: 'p', durationNs: 0n }, isDefault: false },
  { kind: 'enforceRetention', nowMs: 1_767_225_600_000 },
];
const log = applyAll(COMMANDS);
const lastIndex = log.length - 1;

/** A copy at an index. */
function copyAt(index: number): CatalogCopy {
  const copy = new CatalogCopy();
  expect(copy.offer(delivered(log, index, index, true))).toBe('taken');
  return copy;
}

test('F1: changes one by one come to what the meta node has, sessions excepted', () => {
  const copy = copyAt(0);
  for (let index = 1; index <= lastIndex; index += 1) {
    expect(copy.offer(delivered(log, index - 1, index))).toBe('taken');
    expect(copy.index).toBe(index);
    expect(encodeCatalog(copy.catalog)).toEqual(encodeCatalog(withoutSessions(log[index]!.catalog)));
  }
});

test('what was refused, repeated or is for the meta group alone is no change but one of the clock', () => {
  const kinds = log.map(({ change }) => (change === undefined ? '-' : (change.command?.kind ?? 'clock')));
  expect(kinds.join(' ')).toBe(
    '- clock joinNode createDatabase clock openIncarnation renewIncarnation - clock createShardGroups clock registerFields - clock',
  );
});

test('F2, F3: deliveries in any order never take a copy back, and leave it at a catalog that the meta node had', () => {
  const span = fc.tuple(fc.nat(lastIndex), fc.nat(lastIndex), fc.boolean()).map(([one, other, isWhole]) => ({ after: Math.min(one, other), index: Math.max(one, other), isWhole }));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 30 }), (spans) => {
      const copy = new CatalogCopy();
      const versions: number[] = [];
      copy.onChange(({ version }) => versions.push(version));
      for (const { after, index, isWhole } of spans) {
        const before = copy.index;
        const isEmpty = copy.isEmpty;
        const outcome = copy.offer(delivered(log, after, index, isWhole));
        expect(copy.index).toBeGreaterThanOrEqual(before);
        if (!isWhole && (isEmpty || (after > before && index > before))) expect(outcome).toBe('gap');
        else expect(outcome).toBe(index > before || (isEmpty && isWhole) ? 'taken' : 'old');
        if (!copy.isEmpty) expect(encodeCatalog(copy.catalog)).toEqual(encodeCatalog(withoutSessions(log[copy.index]!.catalog)));
      }
      expect(versions, 'each newer version once').toEqual([...new Set(versions)].sort((left, right) => left - right));
    }),
    PROPERTY_DEFAULTS,
  );
});

test('F4: changes that come to something else are not taken, and only the whole catalog helps', () => {
  const check = (wrong: Partial<CatalogDelivery>): void => {
    const copy = copyAt(4);
    expect(copy.offer({ ...delivered(log, 4, 9), ...wrong })).toBe('diverged');
    expect([copy.index, copy.isDiverged]).toEqual([4, true]);
    expect(copy.offer(delivered(log, 4, 10))).toBe('gap');
    expect(copy.offer(delivered(log, 3, 3, true)), 'F2').toBe('old');
    expect(copy.offer(delivered(log, 11, 11, true))).toBe('taken');
    expect(copy.offer(delivered(log, 11, lastIndex))).toBe('taken');
    expect([copy.index, copy.isDiverged]).toEqual([lastIndex, false]);
  };
  check({ fingerprint: 1 });
  check({ changes: NOTHING });
  check({ changes: delivered(log, 4, 10).changes });
  check({ changes: new Uint8Array([9, 9, 9]) });
  check({ changes: unknownCommand(9) });
});

function unknownCommand(index: number): Uint8Array {
  const known = encodeChange({ index, clockMs: 0, command: { kind: 'dropDatabase', name: 'a' } });
  return Uint8Array.from(Buffer.from(known).toString('latin1').replace('dropDatabase', 'dropDatabasf'), (each) => each.charCodeAt(0));
}

test('F4: an answer without changes tells whether a copy at the same index is right', () => {
  const copy = copyAt(4);
  expect(copy.offer(delivered(log, 4, 4))).toBe('old');
  expect(copy.offer({ ...delivered(log, 4, 4), fingerprint: 7 })).toBe('diverged');
  expect(copy.offer(delivered(log, 4, 4, true)), 'the same index, whole').toBe('taken');
  expect(copy.isDiverged).toBe(false);
});

test('a whole catalog that cannot be held is taken, and no change is trusted behind it', () => {
  const copy = copyAt(4);
  expect(copy.offer({ ...delivered(log, 6, 8, true), fingerprint: 1 }), 'whole or change?').toBe('diverged');
  expect(copy.offer({ ...delivered(log, 8, 8, true), fingerprint: 1 })).toBe('foreign');
  expect([copy.index, copy.isForeign, copy.isDiverged]).toEqual([8, true, false]);
  expect(copy.offer(delivered(log, 8, 9))).toBe('gap');
  expect(copy.offer(delivered(log, 8, 8))).toBe('old');
  expect(copy.offer(delivered(log, 9, 9, true)), 'upgraded').toBe('taken');
  expect(copy.isForeign).toBe(false);
});
