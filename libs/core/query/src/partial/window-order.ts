/** Windows of a group as a shard numbers them, in the order of the answer, and the slot of each one's states. Both run alike. */
export interface WindowOrder {
  readonly windows: readonly number[];
  readonly slots: readonly number[];
}
