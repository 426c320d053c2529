import { expect, test } from 'vitest';
import { closingText, countOf, type Count } from './report.ts';

const passing = { fullName: 'fine', status: 'passed', failureMessages: [] };
const failing = { fullName: 'outer inner', status: 'failed', failureMessages: ['AssertionError: expected 1 to be 2\n    at /repo/a.test.ts:2:81'] };

function report(...testResults: readonly { readonly name: string; readonly message?: string; readonly assertionResults: readonly { readonly status: string }[]; readonly status?: string }[]): string {
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  return JSON.stringify({
    numPassedTests: all.filter(({ status }) => status === 'passed').length,
    numPendingTests: 2,
    numTodoTests: 1,
    testResults: testResults.map((each) => ({ message: '', status: 'passed', ...each })),
  });
}

test('a failed test is named with its file and the first line of its error', () => {
  const text = report({ name: '/repo/libs/a.test.ts', status: 'failed', assertionResults: [passing, failing] });
  const count = countOf(text, { root: '/repo', exitCode: 1 });
  expect(count).toEqual({ passed: 1, failed: 1, skipped: 3, failures: ['libs/a.test.ts > outer inner: AssertionError: expected 1 to be 2'] });
});

test('a file that cannot be loaded is a failure, also beside failed tests', () => {
  const broken = { name: '/repo/b.test.ts', status: 'failed', message: 'Cannot find module\n at x', assertionResults: [] };
  const text = report(broken, { name: '/repo/a.test.ts', status: 'failed', assertionResults: [failing] });
  const { failed, failures } = countOf(text, { root: '/repo', exitCode: 1 });
  expect(failed).toBe(2);
  expect(failures[0]).toBe('b.test.ts: Cannot find module');
});

test('a run that ends badly although every test passed is a failure', () => {
  const text = report({ name: '/repo/a.test.ts', assertionResults: [passing] });
  expect(countOf(text, { root: '/repo', exitCode: 0 }).failed).toBe(0);
  expect(countOf(text, { root: '/repo', exitCode: 1 })).toMatchObject({ passed: 1, failed: 1, failures: [expect.stringContaining('vitest ended with 1')] });
});

test('failures of all stages stand right before the last line, and the last line counts', () => {
  const stage = (failures: readonly string[]): Count => ({ passed: 3, failed: failures.length, skipped: 1, failures });
  expect(closingText([stage([]), stage([])])).toBe('6 passed, 0 failed, 2 skipped\n');
  const text = closingText([stage(['types']), stage(['a > b: c', 'd: e'])]);
  expect(text).toBe('\n── failed\ntypes\na > b: c\nd: e\n6 passed, 3 failed, 2 skipped\n');
});
