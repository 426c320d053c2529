import { expect } from 'vitest';
import type { Bus } from '../bus.ts';
import { bytesOf, contractTest, textOf, type Drive } from './contract-test.ts';

/** Two connections to one bus; in one process they may be the same. */
export interface Buses {
  readonly left: Bus;
  readonly right: Bus;
  /** Resolves when what was sent before has been delivered. Absent: a request on each connection does it. */
  readonly settle?: () => Promise<void>;
}

/** Opens a bus that loses nothing. Registers what cleans up afterwards. */
export type OpenBuses = () => Promise<Buses>;

const TIMEOUT_MS = 5_000;

/** Texts that arrive, and a way to wait for them. */
class Inbox {
  readonly texts: string[] = [];
  #wake: (() => void) | undefined;

  readonly take = ({ payload }: { readonly payload: Uint8Array }): void => {
    this.texts.push(textOf(payload)!);
    this.#wake?.();
  };

  async untilCount(count: number): Promise<string[]> {
    while (this.texts.length < count) await new Promise<void>((wake) => (this.#wake = wake));
    return this.texts;
  }
}

/** A request travels behind what was published before. */
async function settled({ left, right, settle }: Buses): Promise<void> {
  if (settle !== undefined) return settle();
  for (const bus of [left, right]) {
    const subject = `settled.${bus.newInbox()}`;
    const echo = right.subscribe(subject, ({ payload, replyTo }) => right.publish(replyTo!, payload));
    await bus.request(subject, bytesOf('?'), TIMEOUT_MS);
    echo.unsubscribe();
  }
}

/** What every {@link Bus} must keep, real or simulated, as long as nothing is lost on the way. */
export function busContract(name: string, open: OpenBuses, drive?: Drive): void {
  const check = contractTest(name, drive);

  check('a message reaches every subscriber of its subject and nobody else', async () => {
    const buses = await open();
    const [one, two, other] = [new Inbox(), new Inbox(), new Inbox()];
    buses.right.subscribe('a.b', one.take);
    buses.left.subscribe('a.b', two.take);
    buses.right.subscribe('a.c', other.take);
    await settled(buses);
    buses.left.publish('a.b', bytesOf('x'));
    expect(await one.untilCount(1)).toEqual(['x']);
    expect(await two.untilCount(1)).toEqual(['x']);
    await settled(buses);
    expect(other.texts).toEqual([]);
  });

  check('delivery is not synchronous with publish', async () => {
    const buses = await open();
    const inbox = new Inbox();
    buses.left.subscribe('a', inbox.take);
    await settled(buses);
    buses.left.publish('a', bytesOf('x'));
    expect(inbox.texts).toEqual([]);
    await inbox.untilCount(1);
  });

  check('messages of one sender on one subject stay in order', async () => {
    const buses = await open();
    const inbox = new Inbox();
    buses.right.subscribe('a', inbox.take);
    await settled(buses);
    const sent = Array.from({ length: 2_000 }, (_, index) => `${index}`);
    for (const text of sent) buses.left.publish('a', bytesOf(text));
    expect(await inbox.untilCount(sent.length)).toEqual(sent);
  });

  check('a star takes one token, an arrow the rest; the handler sees the subject', async () => {
    const buses = await open();
    const seen: string[] = [];
    const note =
      (pattern: string) =>
      ({ subject }: { readonly subject: string }) =>
        void seen.push(`${pattern} ${subject}`);
    for (const pattern of ['v.*.c', 'v.>', 'v.b']) buses.right.subscribe(pattern, note(pattern));
    await settled(buses);
    for (const subject of ['v', 'v.b', 'v.b.c', 'v.b.c.d']) buses.left.publish(subject, bytesOf(''));
    await settled(buses);
    expect(seen.sort()).toEqual(['v.*.c v.b.c', 'v.> v.b', 'v.> v.b.c', 'v.> v.b.c.d', 'v.b v.b']);
  });

  check('each message goes to one subscriber of a queue, all of them get some, others get all', async () => {
    const buses = await open();
    const [one, two, all] = [new Inbox(), new Inbox(), new Inbox()];
    buses.left.subscribe('work', one.take, 'workers');
    buses.right.subscribe('work', two.take, 'workers');
    buses.right.subscribe('work', all.take);
    await settled(buses);
    const sent = Array.from({ length: 200 }, (_, index) => `${index}`.padStart(3, '0'));
    for (const text of sent) buses.left.publish('work', bytesOf(text));
    await all.untilCount(sent.length);
    await settled(buses);
    expect([...one.texts, ...two.texts].sort()).toEqual(sent);
    expect(one.texts.length).toBeGreaterThan(0);
    expect(two.texts.length).toBeGreaterThan(0);
  });

  check('after unsubscribe the handler is not called again, not even for what is under way', async () => {
    const buses = await open();
    const [gone, kept] = [new Inbox(), new Inbox()];
    const subscription = buses.left.subscribe('a', gone.take);
    buses.left.subscribe('a', kept.take);
    await settled(buses);
    buses.left.publish('a', bytesOf('x'));
    subscription.unsubscribe();
    subscription.unsubscribe();
    await kept.untilCount(1);
    await settled(buses);
    expect(gone.texts).toEqual([]);
  });

  check('a request takes the first answer; later ones go nowhere', async () => {
    const buses = await open();
    buses.right.subscribe('ask', ({ payload, replyTo }) => {
      buses.right.publish(replyTo!, bytesOf(`${textOf(payload)}!`));
      buses.right.publish(replyTo!, bytesOf('too late'));
    });
    await settled(buses);
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((text) => buses.left.request('ask', bytesOf(text), TIMEOUT_MS)),
    );
    expect(answers.map(textOf)).toEqual(['a!', 'b!', 'c!']);
    await settled(buses);
  });

  check(
    'a request that nobody listens to fails with BUS_NO_RESPONDERS, one that nobody answers with BUS_TIMEOUT',
    async () => {
      const buses = await open();
      const inbox = new Inbox();
      const subscription = buses.right.subscribe('silent', inbox.take);
      await settled(buses);
      await expect(buses.left.request('nobody', bytesOf('?'), TIMEOUT_MS)).rejects.toMatchObject({
        code: 'BUS_NO_RESPONDERS',
      });
      await expect(buses.left.request('silent', bytesOf('?'), 20)).rejects.toMatchObject({ code: 'BUS_TIMEOUT' });
      subscription.unsubscribe();
      await settled(buses);
      await expect(buses.left.request('silent', bytesOf('?'), TIMEOUT_MS)).rejects.toMatchObject({
        code: 'BUS_NO_RESPONDERS',
      });
      expect(inbox.texts).toEqual(['?']);
    },
  );

  check('every inbox is a subject of its own', async () => {
    const { left, right } = await open();
    const inboxes = [left.newInbox(), left.newInbox(), right.newInbox(), right.newInbox()];
    expect(new Set(inboxes).size).toBe(4);
  });

  check('closing delivers what is under way, then refuses', async () => {
    const buses = await open();
    const inbox = new Inbox();
    buses.right.subscribe('a', inbox.take);
    buses.right.subscribe('silent', inbox.take);
    await settled(buses);
    const waiting = buses.left.request('silent', bytesOf('asked'), TIMEOUT_MS);
    const ended = expect(waiting).rejects.toMatchObject({ code: 'BUS_CLOSED' });
    buses.left.publish('a', bytesOf('last'));
    await buses.left.close();
    await ended;
    expect((await inbox.untilCount(2)).sort()).toEqual(['asked', 'last']);
    buses.left.publish('a', bytesOf('dropped'));
    await expect(buses.left.request('a', bytesOf('?'), TIMEOUT_MS)).rejects.toMatchObject({ code: 'BUS_CLOSED' });
    expect(() => buses.left.subscribe('a', inbox.take)).toThrow(expect.objectContaining({ code: 'BUS_CLOSED' }));
    expect(inbox.texts).toEqual(['asked', 'last']);
  });
}
