import type { CatalogCommand } from '@varve/model';
import type { Operation, Outcome } from './history.ts';
import type { SequentialModel } from './sequential-model.ts';

/** What clients ask for: some commands, and the linearizable read. */
export type CatalogAsked =
  | Extract<CatalogCommand, { readonly kind: 'createDatabase' | 'dropDatabase' | 'openIncarnation' | 'renewIncarnation' }>
  | { readonly kind: 'read' };

/** And the version that came with another answer. */
export type CatalogInput = CatalogAsked | { readonly kind: 'version' };

/** What a client was answered; which of it is there depends on the input. */
export interface CatalogOutput {
  readonly version: number;
  readonly id?: number | undefined;
  readonly floorMs?: number | undefined;
  readonly ceilingMs?: number | undefined;
  /** What a read saw, by ascending ids. */
  readonly seen?: readonly SeenThing[];
}

/** A database or an incarnation as a read shows it. */
export interface SeenThing {
  readonly kind: 'database' | 'incarnation';
  readonly id: number;
  /** Of the incarnation: its holder. */
  readonly name: string;
  readonly isOpen: boolean;
}

/** A number that may be one of many. */
interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** A database or an incarnation. */
interface Thing {
  readonly kind: SeenThing['kind'];
  readonly name: string;
  readonly isOpen: boolean;
  readonly id: Bounds;
  /** Of incarnations; else 0. */
  readonly ceilingMs: number;
}

interface CatalogState {
  /** At least: meta nodes change what is not in histories, such as what they say they support, and the version with it. */
  readonly versionMin: number;
  /** In the order in which they were made, which is that of their ids (Z8). */
  readonly things: readonly Thing[];
  /** The last id was at least this one. */
  readonly lastIdMin: number;
  /** The greatest ceiling that was ever granted. */
  readonly ceilingMs: number;
}

/** What a client did. */
export type CatalogOperation = Operation<CatalogInput, CatalogOutput>;

type Answered = Pick<CatalogOperation, 'input' | 'outcome'>;

/**
 * One catalog in one place, written from docs/specs/catalog.md without a look at libs/core/catalog, so that one can find the other's
 * mistakes. What nobody was told is kept as bounds. A step that succeeds leaves bounds that some numbers fulfil.
 */
export const CATALOG_MODEL: SequentialModel<CatalogState, CatalogInput, CatalogOutput> = {
  initial: { versionMin: 0, things: [], lastIdMin: 0, ceilingMs: 0 },
  step: stepCatalog,
  keyOf: ({ versionMin, things, lastIdMin, ceilingMs }) =>
    [versionMin, lastIdMin, ceilingMs, ...things.map((thing) => `${textOf(thing)} ${thing.ceilingMs}`)].join(),
  describeState: ({ versionMin, things, ceilingMs }) => `version ${versionMin} or later, ceiling ${ceilingMs}: ${things.map(textOf).join(' ') || 'nothing'}`,
  describe: ({ input, outcome }) => `${textOfInput(input)} → ${input.kind === 'version' && outcome.kind === 'ok' ? outcome.output.version : textOfOutcome(outcome)}`,
};

/**
 * An answer tells the version of the moment in which it was given: that of the effect, or a later one when the attempt that took
 * effect was not the one that was answered. So it is an operation of its own in the same window.
 */
export function withToldVersions(history: readonly CatalogOperation[]): readonly CatalogOperation[] {
  return history.flatMap((operation) => {
    const tells = operation.outcome.kind === 'ok' && operation.input.kind !== 'read';
    return tells ? [operation, { ...operation, input: { kind: 'version' } }] : [operation];
  });
}

function stepCatalog(state: CatalogState, { input, outcome }: Answered): CatalogState | undefined {
  switch (input.kind) {
    case 'createDatabase':
      return createDatabase(state, input, outcome);
    case 'dropDatabase':
      return dropDatabase(state, input, outcome);
    case 'openIncarnation':
      return openIncarnation(state, input, outcome);
    case 'renewIncarnation':
      return renewIncarnation(state, input, outcome);
    case 'read':
      return read(state, outcome);
    case 'version':
      return outcome.kind === 'ok' ? atVersion(state, outcome.output.version) : undefined;
  }
}

type Step<Kind extends CatalogInput['kind']> = (
  state: CatalogState,
  input: Extract<CatalogInput, { readonly kind: Kind }>,
  outcome: Outcome<CatalogOutput>,
) => CatalogState | undefined;

const createDatabase: Step<'createDatabase'> = (state, { name }, outcome) => {
  if (outcome.kind === 'rejected') return undefined;
  const at = state.things.findIndex((thing) => thing.kind === 'database' && thing.name === name);
  if (at < 0) return withNew(state, { kind: 'database', name, isOpen: true, ceilingMs: 0 }, outcome);
  if (outcome.kind === 'unknown') return state;
  const { id, version } = outcome.output;
  const known = id === undefined ? undefined : withId(state, at, id);
  return known && unchanged(known, version);
};

const dropDatabase: Step<'dropDatabase'> = (state, { name }, outcome) => {
  if (outcome.kind === 'rejected') return undefined;
  const things = state.things.filter((thing) => thing.kind !== 'database' || thing.name !== name);
  if (things.length < state.things.length) return changed({ ...state, things }, outcome);
  return outcome.kind === 'unknown' ? state : unchanged(state, outcome.output.version);
};

const openIncarnation: Step<'openIncarnation'> = (state, { holder, nowMs, leaseMs }, outcome) => {
  if (outcome.kind === 'rejected') return undefined;
  const ceilingMs = Math.ceil(Math.max(nowMs, state.ceilingMs)) + leaseMs;
  const isAnswered = outcome.kind === 'unknown' || (outcome.output.floorMs === state.ceilingMs && outcome.output.ceilingMs === ceilingMs);
  if (!isAnswered) return undefined;
  const things = state.things.map((thing) => (thing.kind === 'incarnation' && thing.name === holder ? { ...thing, isOpen: false } : thing));
  return withNew({ ...state, things, ceilingMs }, { kind: 'incarnation', name: holder, isOpen: true, ceilingMs }, outcome);
};

/** Who renews an incarnation was told its id. No version tells of it. */
const renewIncarnation: Step<'renewIncarnation'> = (state, { incarnation, ceilingMs: wantedMs }, outcome) => {
  const at = state.things.findIndex(({ id }) => id.min === incarnation && id.max === incarnation);
  const thing = state.things[at];
  if (thing?.kind !== 'incarnation' || !thing.isOpen) return outcome.kind === 'ok' ? undefined : state;
  if (outcome.kind === 'rejected') return undefined;
  const ceilingMs = Math.max(thing.ceilingMs, Math.ceil(wantedMs));
  if (outcome.kind === 'ok' && outcome.output.ceilingMs !== ceilingMs) return undefined;
  const isRaised = ceilingMs > thing.ceilingMs;
  const renewed = isRaised ? { ...state, things: state.things.with(at, { ...thing, ceilingMs }), ceilingMs: Math.max(state.ceilingMs, ceilingMs) } : state;
  return outcome.kind === 'ok' ? unchanged(renewed, outcome.output.version) : renewed;
};

function read(state: CatalogState, outcome: Outcome<CatalogOutput>): CatalogState | undefined {
  if (outcome.kind !== 'ok') return outcome.kind === 'unknown' ? state : undefined;
  const { seen = [], version } = outcome.output;
  if (seen.length !== state.things.length) return undefined;
  let known = atVersion(state, version);
  for (const [at, { kind, name, isOpen, id }] of seen.entries()) {
    const thing = state.things[at]!;
    if (thing.kind !== kind || thing.name !== name || thing.isOpen !== isOpen) return undefined;
    known = known && withId(known, at, id);
  }
  return known;
}

/** Something is made; its id is greater than all before. */
function withNew(state: CatalogState, made: Omit<Thing, 'id'>, outcome: Outcome<CatalogOutput>): CatalogState | undefined {
  const thing = { ...made, id: { min: state.lastIdMin + 1, max: Infinity } };
  const grown = changed({ ...state, things: [...state.things, thing], lastIdMin: thing.id.min }, outcome);
  if (grown === undefined || outcome.kind !== 'ok') return grown;
  return outcome.output.id === undefined ? undefined : withId(grown, state.things.length, outcome.output.id);
}

/** The id of a thing is told: those of earlier things are less, those of later ones greater. */
function withId(state: CatalogState, at: number, id: number): CatalogState | undefined {
  const told = state.things[at]!.id;
  if (id < told.min || id > told.max) return undefined;
  if (told.min === told.max) return state;
  const things = [...state.things];
  let { lastIdMin } = state;
  things[at] = { ...things[at]!, id: { min: id, max: id } };
  for (let max = id - 1, earlier = at - 1; earlier >= 0 && things[earlier]!.id.max > max; earlier -= 1, max -= 1) {
    const { min } = things[earlier]!.id;
    if (min > max) return undefined;
    things[earlier] = { ...things[earlier]!, id: { min, max } };
  }
  let min = id + 1;
  for (let later = at + 1; later < things.length && things[later]!.id.min < min; later += 1, min += 1) {
    const { max } = things[later]!.id;
    if (min > max) return undefined;
    things[later] = { ...things[later]!, id: { min, max } };
  }
  lastIdMin = Math.max(lastIdMin, things.at(-1)!.id.min);
  return { ...state, things, lastIdMin };
}

/** Somebody is told the version as it is. */
function atVersion(state: CatalogState, version: number): CatalogState | undefined {
  return version < state.versionMin ? undefined : { ...state, versionMin: version };
}

/** The version rises, to at most what the answer tells. */
function changed(state: CatalogState, outcome: Outcome<CatalogOutput>): CatalogState | undefined {
  const versionMin = state.versionMin + 1;
  return outcome.kind === 'ok' && outcome.output.version < versionMin ? undefined : { ...state, versionMin };
}

/** The told version may be a later one. */
function unchanged(state: CatalogState, toldVersion: number): CatalogState | undefined {
  return toldVersion < state.versionMin ? undefined : state;
}

function textOfBounds({ min, max }: Bounds): string {
  if (min === max) return String(min);
  return `${min}–${max === Infinity ? '' : max}`;
}

function textOf({ kind, name, isOpen, id }: Thing): string {
  return `${kind} ${name}${isOpen ? '' : ' (closed)'} = ${textOfBounds(id)};`;
}

function textOfInput(input: CatalogInput): string {
  switch (input.kind) {
    case 'createDatabase':
      return `create ${input.name}`;
    case 'dropDatabase':
      return `drop ${input.name}`;
    case 'openIncarnation':
      return `open ${input.holder} ${input.nowMs}+${input.leaseMs}`;
    case 'renewIncarnation':
      return `renew ${input.incarnation} to ${input.ceilingMs}`;
    case 'read':
    case 'version':
      return input.kind;
  }
}

function textOfOutcome(outcome: Outcome<CatalogOutput>): string {
  if (outcome.kind === 'unknown') return 'unknown';
  if (outcome.kind === 'rejected') return `rejected: ${outcome.reason}`;
  const { version, id, floorMs, ceilingMs, seen } = outcome.output;
  const things = seen?.map((thing) => `${thing.kind} ${thing.name}${thing.isOpen ? '' : ' (closed)'} = ${thing.id};`);
  const lease = ceilingMs === undefined ? [] : [`${floorMs ?? ''}…${ceilingMs}`];
  return [...(id === undefined ? [] : [`id ${id}`]), ...lease, `version ${version}`, ...(things ?? [])].join(' ');
}
