/** A node of the cluster; given by the catalog, from 1 up, never reused. */
export type NodeId = number & { readonly id?: 'node' };
/** One hash slice of a shard group; given by the catalog, from 1 up, never reused. */
export type ShardId = number & { readonly id?: 'shard' };
/** One time window of a retention policy; given by the catalog, from 1 up, never reused. */
export type ShardGroupId = number & { readonly id?: 'shard-group' };
/** A database's life from CREATE to DROP. A database created again under the same name has another id. */
export type DatabaseId = number & { readonly id?: 'database' };
/** A retention policy's life from CREATE to DROP. */
export type RetentionPolicyId = number & { readonly id?: 'retention-policy' };
/** One run of a coordinator, as a lease in the catalog; from 1 up, never reused. */
export type IncarnationId = number & { readonly id?: 'incarnation' };
/** One holding of a lease; from 1 up, never reused. */
export type LeaseId = number & { readonly id?: 'lease' };
/** One run of somebody who proposes; the index of the entry that opened it. */
export type SessionId = number & { readonly id?: 'session' };
