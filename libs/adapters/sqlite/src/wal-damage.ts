import { existsSync, readFileSync } from 'node:fs';
import { damagedFile } from './sqlite-file.ts';
import { inFile } from './storage-error.ts';

// SQLite's WAL: https://www.sqlite.org/fileformat2.html#the_write_ahead_log. A header of 32 bytes, then frames: 24 bytes of
// header and a page. Numbers are big-endian; a frame's checksum goes on from the one before.
const WAL_HEADER_SIZE_BYTES = 32;
const FRAME_HEADER_SIZE_BYTES = 24;
/** The lowest bit says that checksums are of big-endian words, which no machine that runs this writes. */
const MAGIC = 0x377f0682;

/**
 * Refuses a WAL that is damaged before its last transaction. SQLite takes any damage in there for the end and goes on
 * without all that follows, which was acknowledged; it cannot be told what that was. Only for a WAL that one run of one
 * process has written, each transaction synced before the next one. The last transaction may be torn: SQLite drops it.
 * @throws DbError STORAGE_CORRUPT
 */
export function checkWal(path: string): void {
  const walPath = `${path}-wal`;
  const wal = inFile(walPath, () => (existsSync(walPath) ? readFileSync(walPath) : undefined));
  if (wal === undefined || wal.length <= WAL_HEADER_SIZE_BYTES) return;
  // It is synced before the first frame follows it.
  if (!hasSoundHeader(wal)) throw damagedFile(walPath, 'its header is not as it was written');
  const { soundCount, frames } = readFrames(wal);
  const lost = frames.slice(soundCount).map(({ isOfThisWal, isCommit }) => (isOfThisWal ? (isCommit ? 'commit' : 'page') : 'foreign'));
  const commitAt = lost.indexOf('commit');
  const isTransactionBehind = commitAt >= 0 && lost.slice(commitAt + 1).some((kind) => kind !== 'foreign');
  if (isTransactionBehind) throw damagedFile(walPath, `frame ${soundCount + 1} of ${frames.length} is not as it was written, and what follows it was acknowledged`);
}

interface Frame {
  /** One of its two salts is enough: the other one may be what is damaged. */
  readonly isOfThisWal: boolean;
  readonly isCommit: boolean;
}

function hasSoundHeader(wal: Buffer): boolean {
  const checksum = checksumOf(wal.subarray(0, 24), [0, 0]);
  return wal.readUInt32BE(0) === MAGIC && checksum[0] === wal.readUInt32BE(24) && checksum[1] === wal.readUInt32BE(28);
}

/** Whole frames only: what is cut off was not synced. */
function readFrames(wal: Buffer): { readonly soundCount: number; readonly frames: readonly Frame[] } {
  const frameSizeBytes = FRAME_HEADER_SIZE_BYTES + wal.readUInt32BE(8);
  const salts = [wal.readUInt32BE(16), wal.readUInt32BE(20)];
  const frames: Frame[] = [];
  let soundCount = 0;
  let checksum: Checksum = [wal.readUInt32BE(24), wal.readUInt32BE(28)];
  for (let at = WAL_HEADER_SIZE_BYTES; at + frameSizeBytes <= wal.length; at += frameSizeBytes) {
    const frame = wal.subarray(at, at + frameSizeBytes);
    const [isFirstSalt, isSecondSalt] = [frame.readUInt32BE(8) === salts[0], frame.readUInt32BE(12) === salts[1]];
    if (soundCount === frames.length && isFirstSalt && isSecondSalt) {
      checksum = checksumOf(frame.subarray(FRAME_HEADER_SIZE_BYTES), checksumOf(frame.subarray(0, 8), checksum));
      if (checksum[0] === frame.readUInt32BE(16) && checksum[1] === frame.readUInt32BE(20)) soundCount += 1;
    }
    frames.push({ isOfThisWal: isFirstSalt || isSecondSalt, isCommit: frame.readUInt32BE(4) !== 0 });
  }
  return { soundCount, frames };
}

type Checksum = readonly [number, number];

function checksumOf(bytes: Buffer, before: Checksum): Checksum {
  let [first, second] = before;
  for (let at = 0; at < bytes.length; at += 8) {
    first = (first + bytes.readUInt32LE(at) + second) >>> 0;
    second = (second + bytes.readUInt32LE(at + 4) + first) >>> 0;
  }
  return [first, second];
}
