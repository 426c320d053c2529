/** Run with `node libs/adapters/inproc/src/testing/inproc-bus.bench.ts`: messages per second over the in-process bus. */
import { openInprocBus } from '../inproc-bus.ts';

const REQUEST_COUNT = 200_000;

const bus = openInprocBus();
const payload = new Uint8Array(300);
bus.subscribe('shard.1.write', ({ replyTo }) => bus.publish(replyTo!, payload));
bus.subscribe('other.>', () => undefined);
const ask = (): Promise<Uint8Array> => bus.request('shard.1.write', payload, 1_000);

await measure('one request after the other', async () => {
  for (let index = 0; index < REQUEST_COUNT; index += 1) await ask();
});
await measure('a thousand requests at once', async () => {
  for (let index = 0; index < REQUEST_COUNT; index += 1_000) await Promise.all(Array.from({ length: 1_000 }, ask));
});
await bus.close();

async function measure(name: string, run: () => Promise<void>): Promise<void> {
  await run();
  const startMs = performance.now();
  await run();
  const perSecond = REQUEST_COUNT / ((performance.now() - startMs) / 1_000);
  console.log(`${name}: ${Math.round(perSecond).toLocaleString('en')} requests/s`);
}
