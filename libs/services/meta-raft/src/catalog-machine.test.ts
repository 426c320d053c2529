import { decodeCatalog, EMPTY_CATALOG, encodeCatalog, type Catalog, type CatalogCommand } from '@varve/model';
import { ENTRY_KINDS, type Entry } from '@varve/raft';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CatalogMachine } from './catalog-machine.ts';
import { decodeProposal, encodeProposal, type NewProposal } from './proposal.ts';
import { CATALOG_OF_0_1_0, PAYLOADS_OF_0_1_0, SNAPSHOT_OF_0_1_0 } from './testing/log-of-0-1-0.ts';

const entry = (index: number, payload: Uint8Array): Entry => ({ index, term: 1, kind: ENTRY_KINDS.command, payload });
const fromHex = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g)!, (byte) => Number.parseInt(byte, 16));
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const proposal = (command: CatalogCommand, origin: NewProposal['origin'] = { session: 0, seq: 0, ackedSeq: 0 }): Uint8Array =>
  encodeProposal({ origin, proposer: 'p', atMs: 5, command });

/** Applies what 0.1.0 wrote, from an entry on. */
function replayed(from: Catalog, firstIndex: number): CatalogMachine {
  const machine = new CatalogMachine(from, 0);
  for (const [position, hex] of PAYLOADS_OF_0_1_0.entries()) {
    if (position + 2 >= firstIndex) machine.apply(entry(position + 2, fromHex(hex)));
  }
  return machine;
}

test('C33: a log of 0.1.0 gives the catalog that it gave, ids and answers and all, also from its snapshot on', () => {
  const expected = { ...decodeCatalog(bytesOf(CATALOG_OF_0_1_0)), clockMs: 1_767_225_600_011 };
  expect(replayed(EMPTY_CATALOG, 2).catalog).toEqual(expected);
  expect(replayed(decodeCatalog(bytesOf(SNAPSHOT_OF_0_1_0)), 6).catalog).toEqual(expected);
});

test('C33: what follows a log of 0.1.0 goes on from it', () => {
  const machine = replayed(EMPTY_CATALOG, 2);
  const { nextId } = machine.catalog;
  expect(machine.apply(entry(12, proposal({ kind: 'openSession', proposer: 'p' })))).toEqual({ kind: 'applied', id: 12 });
  expect(machine.catalog.earlierRequests.size).toBe(0);
  const create = proposal({ kind: 'createDatabase', name: 'next' }, { session: 12, seq: 1, ackedSeq: 0 });
  expect(machine.apply(entry(13, create))).toEqual({ kind: 'applied', id: nextId });
  expect(machine.apply(entry(14, create))).toEqual({ kind: 'applied', id: nextId });
  expect(decodeCatalog(encodeCatalog(machine.catalog))).toEqual(machine.catalog);
});

test('a proposal reads back as it was written; one of a later format is not skipped', () => {
  const whole = fc.maxSafeNat();
  fc.assert(
    fc.property(whole, whole, whole, fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 2 ** 47 }), (session, seq, ackedSeq, proposer, atMs) => {
      const written: NewProposal = { origin: { session, seq, ackedSeq }, proposer: proposer.toWellFormed(), atMs, command: { kind: 'dropUser', name: 'u' } };
      expect(decodeProposal(encodeProposal(written))).toEqual(written);
    }),
    { ...PROPERTY_DEFAULTS, numRuns: 100 },
  );
  const later = proposal({ kind: 'dropUser', name: 'u' }).with(0, 3);
  expect(() => decodeProposal(later)).toThrow(expect.objectContaining({ code: 'STORAGE_NEWER_FORMAT' }));
  expect(() => decodeProposal(later.slice(0, 2).with(0, 2))).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }));
});

test('C34: the audit has what was accepted, once, and no secrets', () => {
  const machine = new CatalogMachine(EMPTY_CATALOG, 0);
  machine.apply(entry(1, proposal({ kind: 'openSession', proposer: 'p' })));
  const commands: readonly CatalogCommand[] = [
    { kind: 'createUser', name: 'u', passwordHash: 'secret', isAdmin: true },
    { kind: 'createUser', name: 'u', passwordHash: 'other secret', isAdmin: true },
    { kind: 'setPassword', name: 'u', passwordHash: 'secret' },
    { kind: 'acquireLease', name: 'l', holder: 'h', durationMs: 5 },
    { kind: 'renewLease', name: 'l', holder: 'h', durationMs: 5 },
    { kind: 'precreateShardGroups', aheadMs: 5 },
  ];
  let index = 2;
  for (const [position, command] of commands.entries()) {
    for (let attempt = 0; attempt < 2; attempt += 1) machine.apply(entry(index++, proposal(command, { session: 1, seq: position + 1, ackedSeq: 0 })));
  }
  const rows = machine.takeAudit();
  expect(rows.map(({ logIndex, kind }) => `${logIndex} ${kind}`)).toEqual(['2 createUser', '6 setPassword', '8 acquireLease']);
  expect(JSON.stringify(rows)).not.toMatch(/secret/);
  expect(machine.catalog.users.get('u')!.passwordHash).toBe('secret');
  expect(machine.takeAudit()).toEqual([]);
});
