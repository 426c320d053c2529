import type { ShareAnswer, ShareJob } from './share-job.ts';
import { ShareScanner } from './share-scanner.ts';

/** What a scan thread does. */
const scanner = new ShareScanner();

/** As `ShareScanner.scan`, of this thread. */
export function scanShare(job: ShareJob): Promise<ShareAnswer> {
  return scanner.scan(job);
}
