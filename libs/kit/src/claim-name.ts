import { DbError } from '@varve/base';
import type { Bus, Clock, Log, Subscription } from '@varve/ports';
import { decode, encode, type ServiceKind, type Subjects } from '@varve/wire';
import { pause } from './pause.ts';

/** Time for another process to answer. */
const ANSWER_WINDOW_MS = 300;

/**
 * Runs under a name alone (K6): asks whether somebody else does, and from then on answers who asks. Of two that ask at
 * the same moment one refuses, or both. Who cannot be reached is not found: the lock of the data
 * directory and the fences of the protocol stand behind this.
 * @throws DbError NODE_NAME_TAKEN
 */
export async function claimName(
  { bus, clock, log }: { readonly bus: Bus; readonly clock: Clock; readonly log: Log },
  subjects: Subjects,
  { service, name, boot }: { readonly service: ServiceKind; readonly name: string; readonly boot: string },
): Promise<Subscription> {
  const subject = subjects.nodeClaim(service, name);
  const inbox = bus.newInbox();
  const bootOf = (payload: Uint8Array): string | undefined => {
    try {
      return decode(payload, 'nodeClaim').header.boot;
    } catch (error) {
      log.warn('Unreadable claim of a name', { subject, error });
      return undefined;
    }
  };
  let other: string | undefined;
  const answers = bus.subscribe(inbox, ({ payload }) => {
    const answered = bootOf(payload);
    if (answered !== boot) other ??= answered;
  });
  const claimed = bus.subscribe(subject, ({ payload, replyTo }) => {
    if (replyTo !== undefined && bootOf(payload) !== boot) bus.publish(replyTo, encode('nodeClaim', { boot }));
  });
  await bus.subscribed(); // Of two that ask, each is heard before it asks.
  bus.publish(subject, encode('nodeClaim', { boot }), inbox);
  await pause(clock, ANSWER_WINDOW_MS);
  answers.unsubscribe();
  if (other === undefined) return claimed;
  claimed.unsubscribe();
  throw new DbError('NODE_NAME_TAKEN', `another ${service} process runs under the name "${name}"; stop it, or choose another name`, { boot, other });
}
