/** A function of one argument, pure as far as a caller can tell; argument and result can be cloned. It may answer later, but waits for nothing outside. */
type Task = (input: never) => unknown;

/** Pure functions by name, which may be run anywhere. */
export type Tasks<Names extends string = string> = Readonly<Record<Names, Task>>;

/** Work of many milliseconds beside the event loop, on another core where the machine has one. */
export interface Background<Known extends Tasks<keyof Known & string>> {
  /**
   * Runs a task on a clone of its input; the buffers that are given with it are the task's from now on, and its result's are the
   * caller's. Tasks run one after the other. @throws DbError what the task threw, STORAGE_FAILED when nothing can be run any more
   */
  run<Name extends keyof Known & string>(name: Name, input: Parameters<Known[Name]>[0], given: readonly ArrayBuffer[]): Promise<Awaited<ReturnType<Known[Name]>>>;
  /** Resolves when all tasks have ended. Later ones are refused. */
  close(): Promise<void>;
}
