/** An error text that quotes a query is cut in its middle when it is longer than this; its end says where. */
export const MAX_ERROR_CHARS = 2000;

/** The text, or its two ends. */
export function clipText(text: string): string {
  return text.length <= MAX_ERROR_CHARS ? text : `${text.slice(0, MAX_ERROR_CHARS - 100)}…${text.slice(-99)}`;
}
