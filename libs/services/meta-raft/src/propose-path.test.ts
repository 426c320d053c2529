import { LIMITS } from '@varve/config';
import { decodeCommandResult, encodeCommand, type CatalogCommand } from '@varve/model';
import { SILENT_METRICS, SILENT_SPAN, type Clock, type Span, type Tracer } from '@varve/ports';
import { foundingState, Raft, type Entry } from '@varve/raft';
import { attributes, metrics as names, spans } from '@varve/telemetry';
import { expect, test } from 'vitest';
import { ProposePath } from './propose-path.ts';

// A Raft that is alone, without a disk: what it appends is committed at the next Ready.

const TRACE_PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const COMMAND: CatalogCommand = { kind: 'createDatabase', name: 'd' };

interface KeptSpan {
  readonly name: string;
  readonly parent: string;
  readonly kind: string | undefined;
  readonly attributes: Record<string, unknown>;
  error?: unknown;
  isEnded: boolean;
}

class KeptTracer implements Tracer {
  readonly spans: KeptSpan[] = [];

  start(): Span {
    return SILENT_SPAN;
  }

  startChild(name: string, parent: string | undefined, { kind }: Parameters<Tracer['startChild']>[2] = {}): Span {
    if (parent === undefined) return SILENT_SPAN;
    const span: KeptSpan = { name, parent, kind, attributes: {}, isEnded: false };
    this.spans.push(span);
    return {
      traceParent: parent,
      setAttribute: (key, value) => (span.attributes[key] = value),
      end: (error) => Object.assign(span, { isEnded: true, ...(error !== undefined && { error }) }),
    };
  }
}

function open() {
  let nowMs = 0;
  const clock: Clock = { wallMs: () => 1_700_000_000_000, monotonicMs: () => nowMs, after: () => ({ cancel: () => undefined }), turn: async () => undefined };
  const raftConfig = {
    ...{ id: 1, electionTickCount: 10, heartbeatTickCount: 2, appendSizeBytesMax: 1_000, inFlightCountMax: 1, inFlightSizeBytesMax: 1_000 },
    ...{ uncommittedSizeBytesMax: 10_000, pendingReadCountMax: 1, randomUint32: () => 0 },
  };
  const raft = new Raft(raftConfig, foundingState([1]), 0);
  const tracer = new KeptTracer();
  const observed: [name: string, value: number][] = [];
  const metrics = { ...SILENT_METRICS, observe: (name: string, value: number) => observed.push([name, value]) };
  const path = new ProposePath({ raft, clock, metrics, tracer, onAppended: () => undefined }, { ...LIMITS, clusterId: 'c', peerId: 1, voters: [1] });
  const applied: Entry[] = [];
  const settle = (): void => {
    for (let ready = raft.takeReady(); ready !== undefined; ready = raft.takeReady()) {
      raft.advance(ready);
      applied.push(...ready.committed);
    }
  };
  raft.campaign();
  settle();
  const propose = (traceParent?: string) =>
    path.propose({ kind: 'metaPropose', header: { session: 7, seq: 1, ackedSeq: 0, proposer: 'p', traceParent }, payload: encodeCommand(COMMAND) });
  const pass = (ms: number): void => void (nowMs += ms);
  return { path, raft, tracer, observed, applied, settle, propose, pass };
}

test('a proposal is a span of the leader from the request to its answer, with what the command is and where it stands', async () => {
  const { path, raft, tracer, observed, applied, settle, propose, pass } = open();
  const answered = propose(TRACE_PARENT);
  const [span] = tracer.spans;
  expect(span).toMatchObject({ name: spans.metaPropose, parent: TRACE_PARENT, kind: 'server', isEnded: false });
  pass(30);
  settle();
  path.onApplied(applied.at(-1)!, { kind: 'applied' }, 4);
  expect(decodeCommandResult((await answered).payload!)).toEqual({ kind: 'applied' });
  expect(span).toMatchObject({ isEnded: true, attributes: { [attributes.command]: 'createDatabase', [attributes.logIndex]: raft.lastIndex, [attributes.term]: raft.term } });
  expect(span).not.toHaveProperty('error');
  expect(observed).toEqual([[names.raftCommitDuration, 0.03]]);
});

test('a proposal that is refused fails its span and is no commit', async () => {
  const { path, tracer, observed, propose } = open();
  const answered = propose(TRACE_PARENT);
  path.giveWay();
  await expect(answered).rejects.toMatchObject({ code: 'META_NOT_LEADER' });
  expect(tracer.spans[0]).toMatchObject({ isEnded: true, error: { code: 'META_NOT_LEADER' } });
  expect(observed).toEqual([]);
});

test('without a parent nothing is recorded', async () => {
  const { path, tracer, applied, settle, propose } = open();
  const answered = propose();
  settle();
  path.onApplied(applied.at(-1)!, { kind: 'applied' }, 4);
  await answered;
  expect(tracer.spans).toEqual([]);
});
