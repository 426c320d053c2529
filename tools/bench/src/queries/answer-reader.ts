import { constants, gunzipSync } from 'node:zlib';

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
/** A head or a line of a chunked answer that is longer is none. */
const HEAD_SIZE_BYTES_MAX = 65_536;
/** So much of a body is kept, to see whether it says that it failed. */
const START_SIZE_BYTES = 256;

/** A whole answer. */
export interface ReadAnswer {
  readonly status: number;
  /** Without what chunks add, packed if it came so. */
  readonly bodySizeBytes: number;
  /** Of its body, unpacked. */
  readonly start: string;
}

/** A part was read, and the next one lies there; or there is not enough of it yet. */
type Step = 'more' | { readonly at: number; readonly isLast: boolean };

/**
 * Reads answers of HTTP/1.1 as their bytes arrive, one request at a time, with a length or in chunks; takes as little time
 * as it can and keeps nothing of a body but its start. What is no such answer is an Error: source RFC 9112, section 7.1.
 */
export class AnswerReader {
  #pending: Buffer = Buffer.alloc(0);
  #status = 0;
  #isChunked = false;
  #isGzip = false;
  /** What is left of a body or of a chunk. */
  #leftBytes = 0;
  #state: 'head' | 'body' | 'chunk size' | 'chunk' | 'chunk end' | 'trailer' = 'head';
  #bodySizeBytes = 0;
  /** Its bytes, one character each. */
  #start = '';

  /** @returns the answer once it is whole; nothing may come behind it before the next request. @throws Error what came is no answer */
  push(bytes: Buffer): ReadAnswer | undefined {
    const all = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    this.#pending = Buffer.alloc(0);
    let at = 0;
    for (;;) {
      const next = this.#step(all, at);
      if (next === 'more') {
        this.#keep(all, at);
        return undefined;
      }
      at = next.at;
      if (next.isLast) {
        if (at !== all.length) throw new Error(`${all.length - at} bytes behind an answer`);
        return this.#end();
      }
    }
  }

  /** Reads one part that lies at a place. */
  #step(all: Buffer, at: number): Step {
    switch (this.#state) {
      case 'head':
        return this.#readHead(all, at);
      case 'body':
        return this.#readData(all, at, true);
      case 'chunk':
        return this.#readData(all, at, false);
      default:
        return this.#readLine(all, at);
    }
  }

  #readHead(all: Buffer, at: number): Step {
    const end = all.indexOf(HEAD_END, at);
    if (end === -1) return 'more';
    const head = all.toString('latin1', at, end).toLowerCase();
    if (!head.startsWith('http/1.1 ')) throw new Error(`no answer: ${head.slice(0, 40)}`);
    this.#status = Number(head.slice(9, 12));
    this.#isChunked = head.includes('\r\ntransfer-encoding: chunked');
    this.#isGzip = head.includes('\r\ncontent-encoding: gzip');
    const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
    if (!this.#isChunked && length === undefined && this.#status !== 204)
      throw new Error('an answer that says no length');
    this.#leftBytes = this.#isChunked ? 0 : Number(length ?? 0);
    this.#state = this.#isChunked ? 'chunk size' : 'body';
    return { at: end + HEAD_END.length, isLast: !this.#isChunked && this.#leftBytes === 0 };
  }

  #readData(all: Buffer, at: number, isBody: boolean): Step {
    const count = Math.min(this.#leftBytes, all.length - at);
    if (count === 0) return 'more';
    if (this.#start.length < START_SIZE_BYTES)
      this.#start += all.toString('latin1', at, at + Math.min(count, START_SIZE_BYTES - this.#start.length));
    this.#bodySizeBytes += count;
    this.#leftBytes -= count;
    if (this.#leftBytes > 0) return { at: at + count, isLast: false };
    if (!isBody) this.#state = 'chunk end';
    return { at: at + count, isLast: isBody };
  }

  /** The line in front of a chunk, the empty one behind it, and those behind the last. */
  #readLine(all: Buffer, at: number): Step {
    const end = all.indexOf(LINE_END, at);
    if (end === -1) return 'more';
    const line = all.toString('latin1', at, end);
    const isLast = this.#state === 'trailer' && line === '';
    if (this.#state === 'chunk end') {
      if (line !== '') throw new Error('a chunk has more than its size');
      this.#state = 'chunk size';
    } else if (this.#state === 'chunk size') {
      this.#leftBytes = Number.parseInt(line, 16);
      if (!(this.#leftBytes >= 0)) throw new Error(`no size of a chunk: ${line.slice(0, 40)}`);
      this.#state = this.#leftBytes === 0 ? 'trailer' : 'chunk';
    }
    return { at: end + LINE_END.length, isLast };
  }

  #keep(all: Buffer, at: number): void {
    if (all.length - at > HEAD_SIZE_BYTES_MAX) throw new Error(`${all.length - at} bytes without an end of a line`);
    this.#pending = all.subarray(at);
  }

  #end(): ReadAnswer {
    const start = this.#isGzip && this.#start !== '' ? unpackedStart(this.#start) : this.#start;
    const answer = { status: this.#status, bodySizeBytes: this.#bodySizeBytes, start };
    this.#state = 'head';
    this.#bodySizeBytes = 0;
    this.#start = '';
    return answer;
  }
}

/** As much as the bytes there are say. @throws Error they are not gzip's */
function unpackedStart(packed: string): string {
  const bytes = Buffer.from(packed, 'latin1');
  return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString('latin1', 0, START_SIZE_BYTES);
}
