import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentBytesOf } from '../footprint.ts';
import { within, type Figure } from '../figure.ts';
import { expectOk, openClient } from '../http-client.ts';
import { ingest, rest } from '../ingest.ts';
import { ofEach, valuesOf, type Measurement, type MeasurementSettings } from '../measurement.ts';
import { launch, withFreshDirectory, type Running } from '../running-system.ts';
import type { System } from '../systems.ts';
import { START_MS, STEP_MS } from '../workload.ts';
import { AnswerReader } from './answer-reader.ts';
import { HOST_COUNT, withRows, type Rows } from './written-systems.ts';

const MB = 1_000_000;
/** A row takes 141 bytes in JSON: these are 14 MB. */
const ASKED_ROW_COUNT = 100_000;
const SAMPLE_INTERVAL_MS = 5;
/** A server that has just started is left alone before its memory counts as what it was before. */
const SETTLE_MS = 3_000;
/** A slow client takes this much and pauses: 14 MB in about five seconds. */
const SLOW_SIZE_BYTES = 65_536;
const SLOW_PAUSE_MS = 20;
const ANSWER_MS_MAX = 120_000;

/** How an answer is asked for and taken. */
interface Way {
  readonly name: string;
  readonly isChunked: boolean;
  readonly isSlow: boolean;
}

const WAYS: readonly Way[] = [
  { name: 'fast client', isChunked: false, isSlow: false },
  { name: 'slow client', isChunked: false, isSlow: true },
  { name: 'chunked, fast client', isChunked: true, isSlow: false },
  { name: 'chunked, slow client', isChunked: true, isSlow: true },
];

/** What an answer takes that is larger than what a server should keep of it. */
export const STREAMING: Measurement = {
  name: 'streaming',
  title: `SELECT * of ${ASKED_ROW_COUNT.toLocaleString('en')} rows, each from a server that was just started: memory at its highest above before`,
  run: (settings) =>
    withRows({ rowCount: 1_200_000, roundCount: 1 }, settings, async (rows) => {
      const speakers = settings.systems.filter(({ influxqlPath }) => influxqlPath('') !== undefined);
      return figuresOf(await ofEach(speakers, (system) => measureWays(system, rows, settings)));
    }),
};

/** What a way took, by its name. */
type Streams = ReadonlyMap<string, Stream>;

interface Stream {
  readonly bodySizeBytes: number;
  readonly beforeBytes: number;
  readonly peakBytes: number;
  readonly elapsedMs: number;
}

function figuresOf(measured: ReadonlyMap<string, Streams | string>): readonly Figure[] {
  const first = WAYS[0]!.name;
  return [
    { name: 'answer, MB', better: 'more', values: valuesOf(measured, (streams) => streams.get(first)!.bodySizeBytes / MB) },
    { name: 'before, MB', better: 'less', values: valuesOf(measured, (streams) => streams.get(first)!.beforeBytes / MB) },
    ...WAYS.flatMap(({ name }): Figure[] => [
      {
        name: `${name}, MB more`,
        better: 'less',
        values: valuesOf(measured, (streams) => (streams.get(name)!.peakBytes - streams.get(name)!.beforeBytes) / MB),
        bound: within(50, 25),
      },
      { name: `${name}, s`, better: 'less', values: valuesOf(measured, (streams) => streams.get(name)!.elapsedMs / 1_000) },
    ]),
  ];
}

/** Writes once, and starts the system anew on that for each way: memory that an answer before has left behind hides nothing. */
function measureWays(system: System, rows: Rows, { restMs }: MeasurementSettings): Promise<Streams> {
  return withFreshDirectory(async (directory) => {
    const writing = await launch(system, directory);
    try {
      await ingest(writing, rows.batches);
      await rest(system, restMs);
    } finally {
      await writing.stop();
    }
    const streams = new Map<string, Stream>();
    for (const way of WAYS) {
      const running = await launch(system, directory);
      try {
        streams.set(way.name, await measureWay(running, way));
      } finally {
        await running.stop();
      }
    }
    return streams;
  });
}

async function measureWay({ system, port, pid }: Running, { isChunked, isSlow }: Way): Promise<Stream> {
  const pathTo = (stepCount: number): string => {
    const end = new Date(START_MS + stepCount * STEP_MS).toISOString();
    const path = system.influxqlPath(`SELECT * FROM cpu WHERE time < '${end}'`)!;
    return isChunked ? `${path}&chunked=true` : path;
  };
  const client = openClient(port);
  await expectOk(client.get(pathTo(1))); // what a server loads for its first answer is not of this one
  client.close();
  await sleep(SETTLE_MS);
  const beforeBytes = residentBytesOf(pid);
  let peakBytes = beforeBytes;
  const sampler = setInterval(() => (peakBytes = Math.max(peakBytes, residentBytesOf(pid))), SAMPLE_INTERVAL_MS);
  const startedMs = performance.now();
  try {
    const bodySizeBytes = await take(port, pathTo(ASKED_ROW_COUNT / HOST_COUNT), isSlow);
    return { bodySizeBytes, beforeBytes, peakBytes, elapsedMs: performance.now() - startedMs };
  } finally {
    clearInterval(sampler);
  }
}

/** @returns the size of the body. @throws Error no whole answer came, or one that says an error */
function take(port: number, path: string, isSlow: boolean): Promise<number> {
  return new Promise((settle, fail) => {
    const reader = new AnswerReader();
    const socket = connect({ port, host: '127.0.0.1' });
    const timer = setTimeout(() => socket.destroy(new Error('the answer does not end')), ANSWER_MS_MAX);
    let sizeBytes = 0;
    socket.on('data', (bytes: Buffer) => {
      try {
        const answer = reader.push(bytes);
        if (answer === undefined) {
          sizeBytes += bytes.length;
          if (isSlow && sizeBytes >= SLOW_SIZE_BYTES) {
            sizeBytes = 0;
            socket.pause();
            setTimeout(() => socket.resume(), SLOW_PAUSE_MS);
          }
          return;
        }
        if (answer.status !== 200 || answer.start.includes('"error"'))
          throw new Error(`status ${answer.status}: ${answer.start}`);
        settle(answer.bodySizeBytes);
        socket.destroy();
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on('error', fail);
    socket.on('close', () => {
      clearTimeout(timer);
      fail(new Error('the server closed the connection'));
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  });
}
