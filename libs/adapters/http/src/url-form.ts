/** A percent sign that does not begin an escape. */
const BAD_ESCAPE = /%(?![\da-f]{2})/i;

/**
 * Names and values of a URL or of a form in a body. A pair that is badly escaped is not there, as in Go, which InfluxDB is written
 * in: `q=%zz` is no query. A `;` is a part of a value, as between statements it has to be.
 */
export function parseUrlForm(text: string): URLSearchParams {
  const isWell = !text.includes('%') || !BAD_ESCAPE.test(text);
  return new URLSearchParams(isWell ? text : wellEscaped(text));
}

function wellEscaped(text: string): string {
  return text
    .split('&')
    .filter((pair) => !BAD_ESCAPE.test(pair))
    .join('&');
}
