import { expect, test } from 'vitest';
import { orderedKeys } from './series-order.ts';

// As influxd 1.6.7 answers SHOW SERIES and SHOW SERIES WHERE time > 0.

const BY_PARTS = [
  ...['M,t=1', 'm', 'm,t=a', 'm,t=a,u=1', 'm,t=a\\ b', 'm,t=a\\ b,u=2', 'm,t=a!b', 'm,t=a#b', 'm,t=a\\,b', 'm,t=a-b', 'm,t=a<b', 'm,t=a\\=b', 'm,t=aZb', 'm,t=a[b', 'm,t=aab', 'm,t=ab,u=1'],
  ...['m,t=é', 'm,t\\ k=1', 'm,t!k=1', 'm,t\\,k=1', 'm,t\\=k=1', 'm,u=1', 'm\\ x,t=1', 'm!x,t=1', 'm\\,x,t=1', 'm-x,t=1', 'mm,t=1'],
];
const BY_TEXT = [
  ...['M,t=1', 'm', 'm!x,t=1', 'm,t!k=1', 'm,t=a', 'm,t=a!b', 'm,t=a#b', 'm,t=a,u=1', 'm,t=a-b', 'm,t=a<b', 'm,t=aZb', 'm,t=a[b', 'm,t=a\\ b', 'm,t=a\\ b,u=2', 'm,t=a\\,b', 'm,t=a\\=b', 'm,t=aab'],
  ...['m,t=ab,u=1', 'm,t=é', 'm,t\\ k=1', 'm,t\\,k=1', 'm,t\\=k=1', 'm,u=1', 'm-x,t=1', 'm\\ x,t=1', 'm\\,x,t=1', 'mm,t=1'],
];

test('series come by measurement and tags, with a bound of time by their texts, each once', () => {
  expect(orderedKeys([...BY_TEXT, ...BY_PARTS.toReversed()], false)).toEqual(BY_PARTS);
  expect(orderedKeys([...BY_PARTS, ...BY_TEXT.toReversed()], true)).toEqual(BY_TEXT);
});

test('a measurement with a = of its own stands where its name does', () => {
  expect(orderedKeys(['m=1,t=a', 'm<,t=a', 'm>,t=a', 'm,t=a', 'm=1'], false)).toEqual(['m,t=a', 'm<,t=a', 'm=1', 'm=1,t=a', 'm>,t=a']);
});
