import { scrypt, timingSafeEqual } from 'node:crypto';
import { DbError } from '@varve/base';
import type { PasswordHasher, Random } from '@varve/ports';

/** What a guess costs: 16 MiB and a tenth of a second or so. Source: OWASP Password Storage Cheat Sheet, scrypt with N=2^14. */
const STRENGTH: Strength = { costLog2: 14, blockSize: 8, parallelization: 5 };
/** A hash that asks for more was made by nobody here. 128 · 2^17 · 8 bytes is 128 MiB. */
const STRENGTH_MAX: Strength = { costLog2: 17, blockSize: 8, parallelization: 16 };
/** Some seconds of work. Reached: the next one is refused. */
const WAITING_COUNT_MAX = 64;
const SALT_WORD_COUNT = 4;
const SALT_SIZE_BYTES = SALT_WORD_COUNT * 4;
const KEY_SIZE_BYTES = 32;
const HASH = /^scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w-]{22})\$([\w-]{43})$/u;

interface Strength {
  readonly costLog2: number;
  readonly blockSize: number;
  readonly parallelization: number;
}

/**
 * Passwords by scrypt, in a thread of Node's pool: `scrypt$ln=14,r=8,p=5$salt$key`, salt and key in base64url. One at a time: who
 * asks for many takes neither all threads nor much memory. Both calls reject with DbError QUERY_OVERLOADED when too many wait.
 */
export function openPasswordHasher(random: Random): PasswordHasher {
  const line = new WaitingLine();
  return {
    async hash(password) {
      const salt = newSalt(random);
      const key = await line.run(() => keyOf(password, salt, STRENGTH));
      const { costLog2, blockSize, parallelization } = STRENGTH;
      return `scrypt$ln=${costLog2},r=${blockSize},p=${parallelization}$${salt.toString('base64url')}$${key.toString('base64url')}`;
    },
    async verify(password, hash) {
      const [, costLog2, blockSize, parallelization, salt = '', key = ''] = HASH.exec(hash) ?? [];
      const strength = { costLog2: Number(costLog2), blockSize: Number(blockSize), parallelization: Number(parallelization) };
      if (!isAffordable(strength)) return false;
      const computed = await line.run(() => keyOf(password, Buffer.from(salt, 'base64url'), strength));
      return timingSafeEqual(computed, Buffer.from(key, 'base64url'));
    },
  };
}

class WaitingLine {
  #waitingCount = 0;
  #last: Promise<unknown> = Promise.resolve();

  async run<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#waitingCount >= WAITING_COUNT_MAX) throw new DbError('QUERY_OVERLOADED', 'too many passwords wait to be hashed; retry');
    this.#waitingCount += 1;
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      this.#waitingCount -= 1;
    }
  }
}

/** NaN is none. */
function isAffordable(strength: Strength): boolean {
  const names = Object.keys(STRENGTH_MAX) as (keyof Strength)[];
  return names.every((name) => strength[name] >= 1 && strength[name] <= STRENGTH_MAX[name]);
}

function newSalt(random: Random): Buffer {
  const salt = Buffer.alloc(SALT_SIZE_BYTES);
  for (let word = 0; word < SALT_WORD_COUNT; word += 1) salt.writeUInt32LE(random.uint32(), word * 4);
  return salt;
}

function keyOf(password: string, salt: Buffer, { costLog2, blockSize, parallelization }: Strength): Promise<Buffer> {
  const cost = 2 ** costLog2;
  // The blocks of all lanes, and as much again as the working memory of one.
  const maxmem = 128 * blockSize * (cost + parallelization + 2);
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_SIZE_BYTES, { N: cost, r: blockSize, p: parallelization, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
