import { expect } from 'vitest';
import type { PasswordHasher } from '../password-hasher.ts';
import { contractTest, type Drive } from './contract-test.ts';

/** What every {@link PasswordHasher} must keep, real or simulated. */
export function passwordHasherContract(name: string, open: () => PasswordHasher, drive?: Drive): void {
  const check = contractTest(name, drive);

  check('a password is verified by its own hash and by no other', async () => {
    const hasher = open();
    const hash = await hasher.hash('pass wörd');
    expect(await hasher.verify('pass wörd', hash)).toBe(true);
    for (const wrong of ['pass word', 'pass wörd ', 'Pass wörd', '']) expect(await hasher.verify(wrong, hash), wrong).toBe(false);
  });

  check('C37: two hashes of one password differ, and neither has the password in it', async () => {
    const hasher = open();
    const [one, other] = [await hasher.hash('secret'), await hasher.hash('secret')];
    expect(one).not.toBe(other);
    expect(`${one} ${other}`).not.toContain('secret');
    expect(await hasher.verify('secret', one)).toBe(true);
    expect(await hasher.verify('secret', other)).toBe(true);
  });

  check('no password and a very long one are passwords', async () => {
    const hasher = open();
    const long = 'x'.repeat(100_000);
    expect(await hasher.verify('', await hasher.hash(''))).toBe(true);
    const hash = await hasher.hash(long);
    expect(hash.length).toBeLessThan(500);
    expect(await hasher.verify(long, hash)).toBe(true);
    expect(await hasher.verify(`${long}x`, hash)).toBe(false);
  });

  check('what is no hash belongs to no password', async () => {
    const hasher = open();
    const hash = await hasher.hash('p');
    const damaged = ['', 'p', '$', hash.slice(0, -1), hash.slice(1), `${hash}x`, hash.replaceAll('$', '')];
    for (const wrong of damaged) expect(await hasher.verify('p', wrong), wrong).toBe(false);
  });
}
