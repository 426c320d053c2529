import { parentPort } from 'node:worker_threads';
import { LeanConnection } from './lean-connection.ts';
import type { Load, LoadFigure } from './load.ts';

// Asks on a thread of its own, so that nothing else of the program takes part. The thread stays from one load to the next:
// the first ones settle its own code.

parentPort!.on('message', (load: Load) => void run(load).then((figure) => parentPort!.postMessage(figure)));

async function run({ groups, durationMs, ...client }: Load): Promise<LoadFigure> {
  const latenciesMs: number[] = [];
  const failures: string[] = [];
  const startedMs = performance.now();
  const isOver = (): boolean => performance.now() - startedMs >= durationMs;

  async function askOne(connection: LeanConnection, path: string): Promise<void> {
    const sentMs = performance.now();
    const { status, start } = await connection.get(path);
    if ((status === 200 && !start.includes('"error"')) || status === 204) latenciesMs.push(performance.now() - sentMs);
    else failures.push(`status ${status}: ${start}`);
  }

  /** All connections of a group ask at once, and again when all have their answers. */
  async function runGroup(lanes: readonly (readonly string[])[]): Promise<void> {
    const connections = lanes.map(() => new LeanConnection(client));
    try {
      for (let turn = 0; turn === 0 || !isOver(); turn += 1)
        await Promise.all(lanes.map((paths, lane) => askOne(connections[lane]!, paths[turn % paths.length]!)));
    } catch (error) {
      failures.push((error as Error).message); // the group ends with its connection
    } finally {
      for (const connection of connections) connection.close();
    }
  }

  await Promise.all(groups.map(runGroup));
  return { latenciesMs, elapsedMs: performance.now() - startedMs, failureCount: failures.length, failure: failures[0] };
}
