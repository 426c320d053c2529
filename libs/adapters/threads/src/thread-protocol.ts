import type { ErrorCode } from '@varve/base';

/** A call of a method. Ids count from 1; 0 is the opening. */
export interface ThreadCall {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

export type ThreadReply =
  | { readonly id: number; readonly result: unknown }
  | {
      readonly id: number;
      readonly failure: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly facts: Readonly<Record<string, unknown>>;
      };
    };

/** What a thread needs of the object in it; all other methods are called by name. */
export interface Served {
  /** Work that no caller waits for. */
  afterReply(): void;
  close(): void;
}
