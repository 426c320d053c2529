import type { MetaMember, MetaStatus, RaftIdentity } from '@varve/ports';
import { membersOf, type FollowerStatus, type Raft } from '@varve/raft';

/** How a meta node is, as it knows it. */
export function statusOf({ raft, catalogVersion, identity }: { readonly raft: Raft; readonly catalogVersion: number; readonly identity: RaftIdentity }): MetaStatus {
  const { clusterId, peerId, diskId, boot } = identity;
  const { role, term, leaderId, compactedIndex, appliedIndex, commitIndex, lastIndex, membershipIndex, isRecovering } = raft;
  const log = { compactedIndex, appliedIndex, commitIndex, lastIndex, catalogVersion, membershipIndex };
  const members = membersOf(raft.membership).map((id) => memberOf(raft, id));
  return { clusterId, peerId, diskId, boot, role, term, leaderId, ...log, isRecovering, members };
}

function memberOf(raft: Raft, id: number): MetaMember {
  const { membership, leaderId, lastIndex } = raft;
  const role = membership.voters.includes(id) ? 'voter' : membership.outgoing.includes(id) ? 'outgoing' : 'learner';
  const follower: Pick<FollowerStatus, 'matchIndex' | 'state' | 'isActive'> | undefined =
    id === leaderId && id === raft.id ? { matchIndex: lastIndex, state: 'replicating', isActive: true } : raft.followers().find((each) => each.id === id);
  if (follower === undefined) return { id, role, isLeader: id === leaderId };
  const { matchIndex, state, isActive } = follower;
  return { id, role, isLeader: id === leaderId, matchIndex, lag: lastIndex - matchIndex, state, isActive };
}
