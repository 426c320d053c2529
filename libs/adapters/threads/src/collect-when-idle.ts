import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Long enough that a thread with something to do does not come to it. */
const IDLE_MS = 1_000;

/**
 * Lets a thread collect its garbage when it has had nothing to do for a second: call the answer after each piece of work. What works
 * in bursts would keep the dead arrays of the last one, tens of MiB, until the next: V8 looks for garbage when something is allocated.
 */
export function collectWhenIdle(): () => void {
  setFlagsFromString('--expose-gc'); // So that contexts that are made from now on have it.
  const collect = runInNewContext('gc') as () => void;
  let timer: NodeJS.Timeout | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(collect, IDLE_MS).unref();
  };
}
