import { expect, onTestFinished, test } from 'vitest';
import { busContract } from '@varve/ports/contract';
import { openInprocBus } from './inproc-bus.ts';

busContract('openInprocBus', async () => {
  const bus = openInprocBus();
  onTestFinished(() => bus.close());
  return { left: bus, right: bus };
});

test('I1: a payload arrives as the very bytes that were sent', async () => {
  const bus = openInprocBus();
  const payload = new Uint8Array(10);
  const arrived = new Promise((resolve) => bus.subscribe('a', (message) => resolve(message.payload)));
  bus.publish('a', payload);
  expect(await arrived).toBe(payload);
});

test('I2: messages that beget messages leave timers their turn', async () => {
  const endless = openInprocBus();
  let messageCount = 0;
  endless.subscribe('loop', ({ payload }) => {
    messageCount += 1;
    endless.publish('loop', payload);
  });
  endless.publish('loop', new Uint8Array(0));
  await new Promise((resolve) => setTimeout(resolve, 1)); // would never come
  expect(messageCount).toBeGreaterThan(100);
  await endless.close();
});

test('I3: beyond its bound the bus loses messages instead of growing', async () => {
  const bus = openInprocBus();
  let messageCount = 0;
  bus.subscribe('a', () => (messageCount += 1));
  for (let index = 0; index < 150_000; index += 1) bus.publish('a', new Uint8Array(0));
  await bus.close();
  expect(messageCount).toBe(100_000);
});

test('a handler may subscribe and unsubscribe while a message is delivered', async () => {
  const bus = openInprocBus();
  const seen: string[] = [];
  const second = bus.subscribe('a', () => seen.push('second'));
  bus.subscribe('a', () => {
    seen.push('third');
    bus.subscribe('a', () => seen.push('late'));
  });
  const first = bus.subscribe('*', () => seen.push('wild'));
  bus.subscribe('b', () => {
    second.unsubscribe();
    first.unsubscribe();
  });
  bus.publish('a', new Uint8Array(0));
  bus.publish('b', new Uint8Array(0));
  bus.publish('a', new Uint8Array(0));
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(['second', 'third', 'wild', 'third', 'late']);
});
