/** One series of an InfluxDB answer; cells as JSON has them. */
export interface AnswerSeries {
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

/** What came back, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Runs one statement; times come back as whole nanoseconds unless `parameters` say otherwise. @throws Error with its text when it fails */
export async function query(
  url: string,
  text: string,
  parameters: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<readonly AnswerSeries[]> {
  const form = new URLSearchParams({ epoch: 'ns', ...parameters, q: text });
  const answer = await send(`${url}/query`, { method: 'POST', body: form, headers });
  const body = JSON.parse(answer.text) as {
    error?: string;
    results?: readonly { error?: string; series?: readonly AnswerSeries[] }[];
  };
  const error = body.error ?? body.results?.find((result) => result.error !== undefined)?.error;
  if (error !== undefined) throw new Error(`${text}: ${error}`);
  return body.results?.flatMap(({ series }) => series ?? []) ?? [];
}

/** Writes line protocol and gives the answer, whatever it is. */
export function write(
  url: string,
  database: string,
  lines: string | Uint8Array<ArrayBuffer>,
  parameters: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return send(`${url}/write?${new URLSearchParams({ db: database, ...parameters }).toString()}`, {
    method: 'POST',
    body: lines,
    headers,
  });
}

/** Sends any request and reads the whole answer. */
export async function send(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}
