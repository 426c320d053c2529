import { expect } from 'vitest';
import { BUS_PAYLOAD_SIZE_BYTES_MAX, type Bus, type BusStatus } from '../bus.ts';
import { bytesOf, contractTest, textOf, type Drive } from './contract-test.ts';

/** Two connections to one bus; in one process they may be the same. */
export interface Buses {
  readonly left: Bus;
  readonly right: Bus;
  /** Resolves when what was sent before has been delivered. Absent: a request on each connection does it. */
  readonly settle?: () => Promise<void>;
}

/** Buses whose way to each other can be taken away. */
export interface InterruptibleBuses extends Buses {
  /** Takes the connection from both and resolves when that has begun. */
  readonly cut: () => Promise<void>;
  /** Gives it back. */
  readonly restore: () => Promise<void>;
}

/** Opens a bus that loses nothing. Registers what cleans up afterwards. */
export type OpenBuses = () => Promise<Buses>;

const TIMEOUT_MS = 5_000;
/** A real server takes its time to start again. */
const RESUME_TIMEOUT_MS = 60_000;

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

  check('what is published once a subscription is said to be in force is heard, on whichever connection it goes', async () => {
    const buses = await open();
    const subjects = ['a.b', ...[1, 2, 3].map((shard) => `varve.test.shard.${shard}.write`)];
    for (const subject of subjects) {
      const inbox = new Inbox();
      buses.right.subscribe(subject, inbox.take);
      await buses.right.subscribed();
      buses.left.publish(subject, bytesOf('x'));
      expect(await inbox.untilCount(1)).toEqual(['x']);
    }
  });

  check('after close nobody waits for subscriptions', async () => {
    const { right } = await open();
    await right.close();
    await right.subscribed();
  });

  check('a message says where an answer is awaited, and nothing when none is', async () => {
    const buses = await open();
    const seen: (string | undefined)[] = [];
    const inbox = new Inbox();
    buses.right.subscribe('a', (message) => {
      seen.push(message.replyTo);
      inbox.take(message);
    });
    await settled(buses);
    buses.left.publish('a', bytesOf('x'), 'answers');
    buses.left.publish('a', bytesOf('x'));
    await inbox.untilCount(2);
    expect(seen).toEqual(['answers', undefined]);
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

  check('the largest payload arrives, one byte more is refused', async () => {
    const buses = await open();
    const { left, right } = buses;
    right.subscribe('large', ({ payload, replyTo }) => right.publish(replyTo!, payload));
    await settled(buses);
    const largest = new Uint8Array(BUS_PAYLOAD_SIZE_BYTES_MAX).fill(7);
    expect((await left.request('large', largest, TIMEOUT_MS)).length).toBe(largest.length);
    const tooLarge = new Uint8Array(BUS_PAYLOAD_SIZE_BYTES_MAX + 1);
    const refused = expect.objectContaining({ code: 'MESSAGE_INVALID' });
    expect(() => left.publish('large', tooLarge)).toThrow(refused);
    await expect(left.request('large', tooLarge, TIMEOUT_MS)).rejects.toEqual(refused);
  });

  check('closing delivers what is under way, then refuses', async () => {
    const buses = await open();
    const inbox = new Inbox();
    buses.right.subscribe('a', inbox.take);
    buses.right.subscribe('silent', inbox.take);
    await settled(buses);
    expect(buses.left.status).toBe('connected');
    const waiting = buses.left.request('silent', bytesOf('asked'), TIMEOUT_MS);
    const ended = expect(waiting).rejects.toMatchObject({ code: 'BUS_CLOSED' });
    buses.left.publish('a', bytesOf('last'));
    await buses.left.close();
    expect(buses.left.status).toBe('disconnected');
    await ended;
    expect((await inbox.untilCount(2)).sort()).toEqual(['asked', 'last']);
    buses.left.publish('a', bytesOf('dropped'));
    await expect(buses.left.request('a', bytesOf('?'), TIMEOUT_MS)).rejects.toMatchObject({ code: 'BUS_CLOSED' });
    expect(() => buses.left.subscribe('a', inbox.take)).toThrow(expect.objectContaining({ code: 'BUS_CLOSED' }));
    expect(inbox.texts).toEqual(['asked', 'last']);
  });
}

/** Resolves when the bus has this status. */
function untilStatus(bus: Bus, wanted: BusStatus): Promise<void> {
  return new Promise((settle) => {
    const subscription = bus.onStatus((status) => {
      if (status !== wanted) return;
      subscription.unsubscribe();
      settle();
    });
    if (bus.status !== wanted) return;
    subscription.unsubscribe();
    settle();
  });
}

/** What every {@link Bus} must keep whose connection may go away and come back. */
export function busInterruptionContract(name: string, open: () => Promise<InterruptibleBuses>, drive?: Drive): void {
  const check = contractTest(name, drive);
  const both = ({ left, right }: Buses, status: BusStatus): Promise<unknown> =>
    Promise.all([untilStatus(left, status), untilStatus(right, status)]);
  const interrupt = async (buses: InterruptibleBuses): Promise<void> => {
    await buses.cut();
    await both(buses, 'disconnected');
  };
  const resume = async (buses: InterruptibleBuses): Promise<void> => {
    await buses.restore();
    await both(buses, 'connected');
  };

  check('each change of status is told once, until nobody wants to know', async () => {
    const buses = await open();
    const told: BusStatus[] = [];
    const subscription = buses.left.onStatus((status) => told.push(status));
    await interrupt(buses);
    expect(buses.left.status).toBe('disconnected');
    await resume(buses);
    expect(buses.left.status).toBe('connected');
    expect(told).toEqual(['disconnected', 'connected']);
    subscription.unsubscribe();
    await interrupt(buses);
    await resume(buses);
    expect(told).toEqual(['disconnected', 'connected']);
  });

  check('what is published while disconnected is lost; afterwards subscriptions, old and new, hold again', async () => {
    const buses = await open();
    const [before, during, worker] = [new Inbox(), new Inbox(), new Inbox()];
    buses.right.subscribe('a', before.take);
    buses.right.subscribe('a', worker.take, 'workers');
    const ended = buses.right.subscribe('a', () => expect.unreachable('unsubscribed while disconnected'));
    await settled(buses);
    await interrupt(buses);
    ended.unsubscribe();
    buses.right.subscribe('a', during.take);
    buses.left.publish('a', bytesOf('lost'));
    await resume(buses);
    buses.left.publish('a', bytesOf('arrives'));
    for (const inbox of [before, during, worker]) expect(await inbox.untilCount(1)).toEqual(['arrives']);
  });

  check('a request made while disconnected is answered once connected, or ends at its deadline', async () => {
    const buses = await open();
    // It answers itself: another bus may be connected later, and until then nobody listens there.
    buses.left.subscribe('ask', ({ replyTo }) => buses.left.publish(replyTo!, bytesOf('!')));
    await settled(buses);
    await interrupt(buses);
    await expect(buses.left.request('ask', bytesOf('?'), 20)).rejects.toMatchObject({ code: 'BUS_TIMEOUT' });
    const asked = buses.left.request('ask', bytesOf('?'), RESUME_TIMEOUT_MS);
    const unheard = expect(buses.left.request('nobody', bytesOf('?'), RESUME_TIMEOUT_MS)).rejects.toMatchObject({
      code: 'BUS_NO_RESPONDERS',
    });
    await resume(buses);
    expect(textOf(await asked)).toBe('!');
    await unheard;
  });

  check('a request that was under way is answered when the answer comes after the interruption', async () => {
    const buses = await open();
    let answer: (() => void) | undefined;
    const heard = new Promise<void>((settle) => {
      buses.right.subscribe('ask', ({ replyTo }) => {
        answer = () => buses.right.publish(replyTo!, bytesOf('late'));
        settle();
      });
    });
    await settled(buses);
    const asked = buses.left.request('ask', bytesOf('?'), RESUME_TIMEOUT_MS);
    await heard;
    await interrupt(buses);
    await resume(buses);
    answer!();
    expect(textOf(await asked)).toBe('late');
  });

  check('closing while disconnected ends what waits', async () => {
    const buses = await open();
    await interrupt(buses);
    const ended = expect(buses.left.request('ask', bytesOf('?'), TIMEOUT_MS)).rejects.toMatchObject({ code: 'BUS_CLOSED' });
    await buses.left.close();
    await ended;
    expect(buses.left.status).toBe('disconnected');
  });
}
