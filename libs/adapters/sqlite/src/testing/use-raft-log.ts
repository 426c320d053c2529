/**
 * Run with `node use-raft-log.ts COUNT FILE ...`, by tests that let its system calls fail or kill it in the middle: begins
 * each Raft log in turn, writes up to so many entries one by one, another number in each, and says what became of them. It
 * ends as by kill -9.
 */
import { writeSync } from 'node:fs';
import { DbError } from '@varve/base';
import { RaftLogFile } from '../raft-log-file.ts';
import { entriesOf, OWNER, persisting } from './raft-log-world.ts';

const [count, ...files] = process.argv.slice(2) as [string, ...string[]];
/** A third of what a checkpoint waits for. */
const PAYLOAD_SIZE_BYTES = 400_000;
/** Never closed: that would write. */
const opened: RaftLogFile[] = [];

const say = (line: string): void => void writeSync(1, `${line}\n`);
const attempt = (what: string, act: () => void): void => {
  try {
    act();
    say(`${what} done`);
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    say(`${what} ${error.code}`);
  }
};

for (const [at, file] of files.entries()) {
  attempt(`log ${at}`, () => {
    const log = new RaftLogFile({ file });
    opened.push(log);
    log.begin(OWNER);
    for (let index = 1; index <= Number(count) - (at % 3); index += 1) {
      attempt(`log ${at} entry ${index}`, () => log.write([persisting({ term: 1, votedFor: 1, commitIndex: 0 }, entriesOf(index, index, 1, PAYLOAD_SIZE_BYTES))]));
      log.afterReply();
    }
  });
}
process.kill(process.pid, 'SIGKILL');
