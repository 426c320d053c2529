import type { PasswordHasher } from '@varve/ports';
import { SimRandom } from './sim-clock.ts';
import type { SimProcess } from './sim-process.ts';

/** What hashing takes, in simulated milliseconds. */
const HASH_MS = 100;
const HASH = /^sim\$([\da-f]{8})\$([\da-f]{8})$/u;

/** Hashes that keep nothing secret: FNV-1a over salt and password, after the time that a real one takes. */
export class SimPasswordHasher implements PasswordHasher {
  readonly #process: SimProcess;
  readonly #random: SimRandom;

  constructor(process: SimProcess) {
    this.#process = process;
    this.#random = new SimRandom(process);
  }

  hash(password: string): Promise<string> {
    const salt = hex(this.#random.uint32());
    return this.#process.perform(HASH_MS, 'hashes a password', () => `sim$${salt}$${sumOf(salt + password)}`);
  }

  verify(password: string, hash: string): Promise<boolean> {
    const [, salt, sum] = HASH.exec(hash) ?? [];
    return this.#process.perform(HASH_MS, 'verifies a password', () => salt !== undefined && sumOf(salt + password) === sum);
  }
}

function sumOf(text: string): string {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  return hex(sum >>> 0);
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
