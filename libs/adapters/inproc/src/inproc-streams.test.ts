import type { LocalProducer } from '@varve/ports';
import { expect, test } from 'vitest';
import { openInprocBus } from './inproc-bus.ts';

const producer = (): LocalProducer => async function* nothing() {};

test('I4: of several who serve a subject each is asked in turn, until it serves no more', () => {
  const { local } = openInprocBus();
  const [one, two] = [producer(), producer()];
  const ofOne = local!.serve('s', one);
  const ofTwo = local!.serve('s', two);
  local!.serve('other', producer());
  expect(Array.from({ length: 4 }, () => local!.producerOf('s'))).toEqual([one, two, one, two]);
  ofOne.unsubscribe();
  ofOne.unsubscribe();
  expect(Array.from({ length: 2 }, () => local!.producerOf('s'))).toEqual([two, two]);
  ofTwo.unsubscribe();
  expect(() => local!.producerOf('s')).toThrow(expect.objectContaining({ code: 'BUS_NO_RESPONDERS' }));
});

test('I4: a closed bus neither serves streams nor asks for them', async () => {
  const bus = openInprocBus();
  bus.local!.serve('s', producer());
  await bus.close();
  const refused = expect.objectContaining({ code: 'BUS_CLOSED' });
  expect(() => bus.local!.producerOf('s')).toThrow(refused);
  expect(() => bus.local!.serve('s', producer())).toThrow(refused);
});
