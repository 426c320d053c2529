import type { SizeBytes } from '@varve/base';

/** What becomes of a hint: kept, replaced by a mark that its owner lacks frames of the shard, or refused. */
export type HintVerdict = 'keep' | 'mark' | 'refuse';

/**
 * Within the budget of an owner every hint is kept. Beyond it a frame that another owner holds is left to reconciliation; one
 * that nobody holds is kept from a reserve, and refused when that is used up (H6).
 */
export function hintVerdict(
  { queueSizeBytes, frameSizeBytes, isAtOwner }: { readonly queueSizeBytes: SizeBytes; readonly frameSizeBytes: SizeBytes; readonly isAtOwner: boolean },
  { budgetSizeBytes, reserveSizeBytes }: { readonly budgetSizeBytes: SizeBytes; readonly reserveSizeBytes: SizeBytes },
): HintVerdict {
  const wantedSizeBytes = queueSizeBytes + frameSizeBytes;
  if (wantedSizeBytes <= budgetSizeBytes) return 'keep';
  if (isAtOwner) return 'mark';
  return wantedSizeBytes <= budgetSizeBytes + reserveSizeBytes ? 'keep' : 'refuse';
}
