import type { ClientAnswer } from './http-client.ts';

/** An answer without rows is fast and wrong, unless it is one of many. */
export const NO_ROWS = 'no rows';

/** Whether an answer is one, and how many rows it has. */
export function readAnswer({ status, body }: ClientAnswer): {
  readonly problem: string | undefined;
  readonly rowCount: number | undefined;
} {
  if (status !== 200) return { problem: `status ${status}`, rowCount: undefined };
  const { results, data } = JSON.parse(body.toString()) as {
    results?: { error?: string; series?: { values: unknown[] }[] }[];
    data?: { result?: unknown[] };
  };
  const result = results?.[0];
  const rowCount = result && (result.series ?? []).reduce((sum, { values }) => sum + values.length, 0);
  const isEmpty = (rowCount ?? data?.result?.length ?? 0) === 0;
  return { problem: result?.error?.slice(0, 40) ?? (isEmpty ? NO_ROWS : undefined), rowCount };
}
