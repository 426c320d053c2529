import { expect } from 'vitest';
import type { CatalogCache } from '../catalog-cache.ts';
import { bytesOf, contractTest, forgetOutcome, textOf, type Drive, type OpenPort } from './contract-test.ts';

const textsOf = async (cache: CatalogCache): Promise<string> => (await cache.load()).map(textOf).join(' ');

/** What every {@link CatalogCache} must keep, real or simulated. */
export function catalogCacheContract(name: string, open: OpenPort<CatalogCache>, drive?: Drive): void {
  const check = contractTest(name, drive);

  check('a new cache is empty', async () => {
    const { port: cache } = await open();
    expect(await cache.load()).toEqual([]);
  });

  check('what was saved is there after a crash, in order', async () => {
    const { port: cache, crash } = await open();
    await cache.load();
    await cache.replace(bytesOf('whole'));
    await cache.append(bytesOf('one'));
    await cache.append(bytesOf('two'));
    const { port: again, crash: crashAgain } = await crash();
    expect(await textsOf(again)).toBe('whole one two');
    await again.append(bytesOf('three'));
    expect(await textsOf((await crashAgain()).port)).toBe('whole one two three');
  });

  check('a replacement takes the place of all that was there', async () => {
    const { port: cache, crash } = await open();
    await cache.load();
    for (const document of ['whole', 'other']) {
      await cache.replace(bytesOf(document));
      await cache.append(bytesOf(`behind ${document}`));
    }
    expect(await textsOf((await crash()).port)).toBe('other behind other');
  });

  check('F10: a replacement under way at a crash has happened wholly or not at all', async () => {
    const { port: cache, crash } = await open();
    await cache.load();
    await cache.replace(bytesOf('whole'));
    await cache.append(bytesOf('one'));
    forgetOutcome([cache.replace(bytesOf('other '.repeat(100_000).trimEnd()))]);
    expect(['whole one', 'other '.repeat(100_000).trimEnd()]).toContain(await textsOf((await crash()).port));
  });

  check('F10: a document under way at a crash is there wholly or not at all, and more can be appended', async () => {
    const { port: cache, crash } = await open();
    await cache.load();
    await cache.replace(bytesOf('whole'));
    forgetOutcome([cache.append(bytesOf('one'))]);
    const { port: again, crash: crashAgain } = await crash();
    const found = await textsOf(again);
    expect(['whole', 'whole one']).toContain(found);
    await again.append(bytesOf('two'));
    expect(await textsOf((await crashAgain()).port)).toBe(`${found} two`);
  });

  check('calls that are not waited for happen in order', async () => {
    const { port: cache, reopen } = await open();
    await cache.load();
    const calls = [cache.replace(bytesOf('whole')), cache.append(bytesOf('one')), cache.append(bytesOf('two'))];
    const { port: again } = await reopen();
    await Promise.all(calls);
    expect(await textsOf(again)).toBe('whole one two');
  });

  check('the caller keeps the bytes it handed in', async () => {
    const { port: cache, crash } = await open();
    await cache.load();
    const buffer = bytesOf('__whole__');
    await cache.replace(buffer.subarray(2, 7));
    buffer.fill(0);
    expect(await textsOf((await crash()).port)).toBe('whole');
  });

  check('a closed cache refuses', async () => {
    const { port: cache } = await open();
    await cache.load();
    await cache.close();
    await expect(cache.replace(bytesOf('whole'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(cache.append(bytesOf('whole'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
}
