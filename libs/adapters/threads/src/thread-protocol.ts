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

/** Smaller buffers are copied: a message that hands over very many takes time with the square of their number, seconds for 100,000. */
export const HANDED_OVER_SIZE_BYTES_MIN = 16 * 1_024;
