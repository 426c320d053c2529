import type { OutputBuffer } from './output-buffer.ts';

/** What Go's encoding/json escapes below 0x80: controls, quotes, backslash, and what HTML could take for markup. */
const IS_SPECIAL = Uint8Array.from({ length: 0x80 }, (_, code) => (code < 0x20 || '"\\<>&'.includes(String.fromCharCode(code)) ? 1 : 0));
/** The same, with what is beyond: line separators, and what stands for bytes that were not UTF-8. */
const SPECIAL = /[\u0000-\u001f"\\<>&\u2028\u2029\ufffd]|\p{Cs}/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const QUOTE = 0x22;

/** A JSON string byte for byte as InfluxDB (Go's encoding/json) writes it. */
export function writeJsonString(out: OutputBuffer, text: string): void {
  out.byte(QUOTE);
  if (!out.plain(text, IS_SPECIAL)) out.utf8(text.replace(SPECIAL, escapeOf));
  out.byte(QUOTE);
}

function escapeOf(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  return code >= 0xd800 && code <= 0xdfff ? '\\ufffd' : `\\u${code.toString(16).padStart(4, '0')}`;
}
