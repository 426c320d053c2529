import { join } from 'node:path';
import type { BatchFile } from '../batch-file.ts';
import { memoryOfTree, sizeOfTree } from '../footprint.ts';
import { expectOk, openClient } from '../http-client.ts';
import { ingest, type Goal } from '../ingest.ts';
import { readAnswer } from '../read-answer.ts';
import { launch, withFreshDirectory, type Running } from '../running-system.ts';
import { VARVE, varveWith, type System } from '../systems.ts';
import { within, type Figure } from '../figure.ts';
import type { Measurement } from '../measurement.ts';
import { repeatedBatches } from '../repeated-batches.ts';
import { INTEGERS, SHAPE_ROUND_MS } from './shapes.ts';

const MIB = 2 ** 20;
const MB = 1e6;
const JOURNAL_SIZE_BYTES = 1_000_000_000;
/** More than fit into a journal of that size. */
const ROUND_COUNT = 1_000;
const READY_TIMEOUT_MS = 600_000;
/** Nothing is flushed, so that nothing is trimmed. */
const NEVER_FLUSH = ['--data-cache-snapshot-memory-size', '16g', '--data-cache-snapshot-write-cold-duration', '500h'];

/** Killed with a journal that holds everything; started again as it was, killed, and started with what is the default. */
export const RESTART: Measurement = {
  name: 'restart',
  title: 'kill -9 with 1 GB of journal that is in no chunk yet; a start as before, and one with the default memory',
  async run({ seed, scale }) {
    const batches = INTEGERS.encode(INTEGERS.rowCount, seed);
    try {
      return figuresOf(
        await withFreshDirectory((directory) =>
          killAndRestart(directory, { batches, sizeBytes: JOURNAL_SIZE_BYTES * scale }),
        ),
      );
    } finally {
      batches.close();
    }
  },
};

interface Restarted {
  readonly answeredMs: number;
  readonly peakBytes: number | undefined;
}

interface Journaled {
  readonly journalSizeBytes: number;
  readonly rowCount: number;
  /** With the options that it was written with: all of the journal is in memory then. */
  readonly asBefore: Restarted;
  /** With memtables of the default size: they are flushed on the way. */
  readonly byDefault: Restarted;
}

function figuresOf({ journalSizeBytes, rowCount, asBefore, byDefault }: Journaled): readonly Figure[] {
  const of = (value: number | undefined): Figure['values'] => new Map([[VARVE.name, value]]);
  return [
    { name: 'journal, MB', better: 'more', values: of(journalSizeBytes / MB) },
    { name: 'rows in it', better: 'more', values: of(rowCount) },
    { name: 'as before: seconds to the first answer', better: 'less', values: of(asBefore.answeredMs / 1_000), bound: within(60, 15) },
    { name: 'as before: peak MiB', better: 'less', values: of(asBefore.peakBytes && asBefore.peakBytes / MIB) },
    { name: 'by default: seconds to the first answer', better: 'less', values: of(byDefault.answeredMs / 1_000), bound: within(60, 15) },
    { name: 'by default: peak MiB', better: 'less', values: of(byDefault.peakBytes && byDefault.peakBytes / MIB) },
  ];
}

async function killAndRestart(
  directory: string,
  { batches, sizeBytes }: { readonly batches: BatchFile; readonly sizeBytes: number },
): Promise<Journaled> {
  const journal = join(directory, 'data', 'journal');
  const writerSystem = varveWith({ flags: NEVER_FLUSH });
  const writer = await launch(writerSystem, directory);
  const rowCount = await fill(writer, batches, {
    total: sizeBytes / MB,
    unit: 'MB',
    done: () => sizeOfTree(journal) / MB,
  }).finally(() => writer.kill());
  const journalSizeBytes = sizeOfTree(journal);
  const asBefore = await restart(writerSystem, directory);
  const byDefault = await restart(VARVE, directory);
  return { journalSizeBytes, rowCount, asBefore, byDefault };
}

/** Until the first answer; killed behind it. */
async function restart(system: System, directory: string): Promise<Restarted> {
  const startedMs = performance.now();
  const running = await launch(system, directory, READY_TIMEOUT_MS);
  try {
    await firstAnswer(running);
    return { answeredMs: performance.now() - startedMs, peakBytes: memoryOfTree(running.pid)?.peakBytes };
  } finally {
    await running.kill();
  }
}

/** @returns how many rows were acknowledged */
async function fill(running: Running, batches: BatchFile, goal: Goal): Promise<number> {
  const { ackMs } = await ingest(
    running,
    repeatedBatches(batches, { roundCount: ROUND_COUNT, roundMs: SHAPE_ROUND_MS }),
    goal,
  );
  return (ackMs.length * batches.rowCount) / batches.batchCount;
}

async function firstAnswer({ system, port }: Running): Promise<void> {
  const client = openClient(port);
  const path = system.influxqlPath(`SELECT last(usage_user) FROM cpu WHERE hostname = 'host_1'`)!;
  const { problem } = readAnswer(await expectOk(client.get(path)));
  client.close();
  if (problem !== undefined) throw new Error(`after the restart: ${problem}`);
}
