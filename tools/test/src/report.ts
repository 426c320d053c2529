import { relative } from 'node:path';

/** What one stage of `npm test` found. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** One line each: where, which test, what it said first. */
  readonly failures: readonly string[];
}

/** The part of Vitest's JSON report that is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string; readonly failureMessages: readonly string[] }[];
  }[];
}

/**
 * Counts a run of Vitest and names what failed, with files relative to `root`. A file that failed without a failed test,
 * as when it cannot be loaded, is one failure; so is a run that ended badly and names none.
 */
export function countOf(reportText: string, { root, exitCode }: { readonly root: string; readonly exitCode: number }): Count {
  const report = JSON.parse(reportText) as Report;
  const failures = report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((each) => each.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [`${file}: ${firstLine(message)}`] : [];
    return failed.map(({ fullName, failureMessages }) => `${file} > ${fullName}: ${firstLine(failureMessages[0])}`);
  });
  if (exitCode !== 0 && failures.length === 0) failures.push(`vitest ended with ${exitCode}, and no test says why: see its output`);
  const { numPassedTests: passed, numPendingTests, numTodoTests } = report;
  return { passed, failed: failures.length, skipped: numPendingTests + numTodoTests, failures };
}

/** The end of the whole output: every failure, then the line with the sums. */
export function closingText(counts: readonly Count[]): string {
  const sum = (of: (each: Count) => number): number => counts.reduce((total, each) => total + of(each), 0);
  const failures = counts.flatMap((each) => each.failures);
  const list = failures.length === 0 ? '' : `\n── failed\n${failures.map((line) => `${line}\n`).join('')}`;
  return `${list}${sum(({ passed }) => passed)} passed, ${sum(({ failed }) => failed)} failed, ${sum(({ skipped }) => skipped)} skipped\n`;
}

function firstLine(text = ''): string {
  return text.trim().split('\n', 1)[0] || 'without a message';
}
