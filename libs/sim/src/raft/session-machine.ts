import type { Entry } from '@varve/raft';

/** What a client asks for: its `seq`-th command. The same one, asked again, is done once. */
export interface SessionCommand {
  readonly client: number;
  readonly seq: number;
}

/** What became of a command: how many commands were in effect then, itself included. Asked again, the answer is the same. */
export interface SessionAnswer {
  readonly command: SessionCommand;
  readonly answer: number;
  /** False: it had been done before. */
  readonly isNew: boolean;
}

/** A machine at an index, as it goes into a snapshot. */
export interface MachineState {
  /** Over all commands that took effect, in order: shows every difference. */
  readonly hash: number;
  readonly effectCount: number;
  /** By client. */
  readonly sessions: ReadonlyMap<number, { readonly seq: number; readonly answer: number }>;
}

/** What every peer begins with. */
export const EMPTY_MACHINE: MachineState = { hash: 0, effectCount: 0, sessions: new Map() };

/** What the log is for: counts commands, each once however often it comes. */
export class SessionMachine {
  #hash: number;
  #effectCount: number;
  #sessions: Map<number, { readonly seq: number; readonly answer: number }>;

  constructor(state: MachineState) {
    this.#hash = state.hash;
    this.#effectCount = state.effectCount;
    this.#sessions = new Map(state.sessions);
  }

  get hash(): number {
    return this.#hash;
  }

  /** A copy. */
  get state(): MachineState {
    return { hash: this.#hash, effectCount: this.#effectCount, sessions: new Map(this.#sessions) };
  }

  /** The newest command of the client that took effect; 0: none. */
  seqOf(client: number): number {
    return this.#sessions.get(client)?.seq ?? 0;
  }

  apply(command: SessionCommand): SessionAnswer {
    const known = this.#sessions.get(command.client);
    if (known !== undefined && known.seq >= command.seq) return { command, answer: known.answer, isNew: false };
    this.#effectCount += 1;
    this.#hash = (Math.imul(this.#hash ^ command.client, 0x01000193) + Math.imul(command.seq, 0x9e3779b1)) >>> 0;
    this.#sessions.set(command.client, { seq: command.seq, answer: this.#effectCount });
    return { command, answer: this.#effectCount, isNew: true };
  }
}

/** Eight bytes. */
export function encodeSessionCommand({ client, seq }: SessionCommand): Uint8Array {
  const payload = new Uint8Array(8);
  const view = new DataView(payload.buffer);
  view.setUint32(0, client);
  view.setUint32(4, seq);
  return payload;
}

/** Of an entry that is a command. */
export function sessionCommandOf({ payload }: Entry): SessionCommand {
  const view = new DataView(payload.buffer, payload.byteOffset);
  return { client: view.getUint32(0), seq: view.getUint32(4) };
}
