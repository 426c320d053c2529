import type { Bus } from '@varve/ports';

/** A bus that does some things differently: for taps and planted bugs. */
export function busWith(bus: Bus, changed: Partial<Pick<Bus, 'publish' | 'subscribe' | 'request'>>): Bus {
  return {
    get status() {
      return bus.status;
    },
    onStatus: (onChange) => bus.onStatus(onChange),
    publish: (subject, payload, replyTo) => bus.publish(subject, payload, replyTo),
    subscribe: (subject, onMessage, queue) => bus.subscribe(subject, onMessage, queue),
    subscribed: () => bus.subscribed(),
    request: (subject, payload, timeoutMs) => bus.request(subject, payload, timeoutMs),
    newInbox: () => bus.newInbox(),
    close: () => bus.close(),
    ...changed,
  };
}
