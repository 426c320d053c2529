import { DbError } from '@varve/base';
import { passwordHasherContract } from '@varve/ports/contract';
import { expect, test } from 'vitest';
import { openPasswordHasher } from './open-password-hasher.ts';
import { systemRandom } from './system-random.ts';

passwordHasherContract('openPasswordHasher', () => openPasswordHasher(systemRandom));

const fixed = openPasswordHasher({ uint32: () => 0x04030201 });
/** Computed with Python's hashlib.scrypt: n=2**14, r=8, p=5, dklen=32. */
const KNOWN = 'scrypt$ln=14,r=8,p=5$AQIDBAECAwQBAgMEAQIDBA$eH796K32go9Zr3CK7gxMdHw4kbLK7mXplxeK4TDkY1A';

test('C37: a hash is what scrypt makes of the password and of salt from the given randomness', async () => {
  expect(await fixed.hash('secret')).toBe(KNOWN);
});

test('C37: hashes of another strength are verified, one that would take all memory is not', async () => {
  const weak = 'scrypt$ln=10,r=8,p=1$AQIDBAECAwQBAgMEAQIDBA$BTBSeA-RzB3WC3CPSxCvkr6he1n7TjSw3oD1qSNuICE';
  expect(await fixed.verify('secret', weak)).toBe(true);
  expect(await fixed.verify('secres', weak)).toBe(false);
  for (const wrong of ['ln=30,r=8,p=1', 'ln=10,r=99,p=1', 'ln=10,r=8,p=99', 'ln=0,r=8,p=1', 'ln=10,r=0,p=1', 'ln=10,r=8,p=0'])
    expect(await fixed.verify('secret', weak.replace('ln=10,r=8,p=1', wrong)), wrong).toBe(false);
});

test('P7: who asks for too many at once is refused, those who wait are served, and then there is room again', async () => {
  const weak = KNOWN.replace('ln=14,r=8,p=5', 'ln=4,r=8,p=1');
  const asked = await Promise.allSettled(Array.from({ length: 70 }, () => fixed.verify('secret', weak)));
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(64);
  for (const each of asked) if (each.status === 'rejected') expect(each.reason).toSatisfy((error) => error instanceof DbError && error.code === 'QUERY_OVERLOADED');
  expect(await fixed.verify('secret', weak)).toBe(false);
});
