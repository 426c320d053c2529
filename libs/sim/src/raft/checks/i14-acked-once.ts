import type { RaftPeer } from '../raft-peer.ts';
import type { SessionCommand } from '../session-machine.ts';
import type { Ack, Fail, RaftCheck } from './raft-check.ts';

/** I14: a command whose client was told that it is done is in every later state, and no command takes effect twice. */
export function ackedOnce(fail: Fail): RaftCheck {
  const effects = new Map<number, { readonly index: number; readonly answer: number }>();
  /** The newest of each client. */
  const acks = new Map<number, Ack>();
  const compareAll = (peer: RaftPeer, index: number): void => {
    for (const ack of acks.values()) compare(peer, index, ack);
  };
  const compare = (peer: RaftPeer, index: number, { command, index: ackedIndex }: Ack): void => {
    if (ackedIndex > index || peer.machine.seqOf(command.client) >= command.seq) return;
    fail(peer.id, `at ${index} the command ${nameOf(command)}, acknowledged at ${ackedIndex}, is not there`);
  };
  return {
    onStart: (peer) => compareAll(peer, peer.raft!.appliedIndex),
    onInstall: (peer, { index }) => compareAll(peer, index),
    onApply: (peer, { index }, answered) => {
      if (answered === undefined) return;
      const { command, answer, isNew } = answered;
      const ack = acks.get(command.client);
      if (ack !== undefined) compare(peer, index, ack);
      const known = effects.get(keyOf(command)) ?? { index, answer };
      if (!isNew) return;
      effects.set(keyOf(command), known);
      if (known.index !== index) fail(peer.id, `the command ${nameOf(command)} takes effect at ${index}, and has at ${known.index}`);
    },
    onAck: (ack) => {
      const effect = effects.get(keyOf(ack.command));
      acks.set(ack.command.client, ack);
      if (effect === undefined || effect.index > ack.index) return fail(0, `the command ${nameOf(ack.command)} is acknowledged at ${ack.index}, without an effect`);
      if (effect.answer !== ack.answer) fail(0, `the command ${nameOf(ack.command)} is answered ${ack.answer}, and was ${effect.answer}`);
    },
  };
}

function keyOf({ client, seq }: SessionCommand): number {
  return client * 1_000_000 + seq;
}

function nameOf({ client, seq }: SessionCommand): string {
  return `${client}.${seq}`;
}
