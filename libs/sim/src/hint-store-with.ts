import type { HintStore } from '@varve/ports';

/** A hint store that does some things differently: for taps and planted bugs. */
export function hintStoreWith(store: HintStore, changed: Partial<Pick<HintStore, 'load' | 'append'>>): HintStore {
  return {
    load: () => store.load(),
    append: (hints) => store.append(hints),
    readFrames: (hintIds) => store.readFrames(hintIds),
    replace: (hintIds, marks) => store.replace(hintIds, marks),
    clearMarks: (marks) => store.clearMarks(marks),
    close: () => store.close(),
    ...changed,
  };
}
