import { HllSketch } from './hll-sketch.ts';

/** A sketch as a text, as InfluxDB 1.11.7 has it: this, then base64; this alone stands for a sketch of nothing. */
const PREFIX = 'HLL_';
/** What went wrong, in place of a sketch: functions of InfluxQL have no other way to say it. */
const ERROR_PREFIX = 'HLLERROR ';

/** A sketch, or why there is none. */
export type SketchOrProblem = HllSketch | string;

/** undefined: a sketch of nothing, of any precision. */
export function sketchText(sketch: SketchOrProblem | undefined): string {
  if (sketch === undefined) return PREFIX;
  return typeof sketch === 'string' ? ERROR_PREFIX + sketch : PREFIX + base64(sketch.toBytes());
}

/** The inverse of {@link sketchText}, for any text. */
export function parseSketch(text: string): SketchOrProblem | undefined {
  if (text.startsWith(ERROR_PREFIX)) return text.slice(ERROR_PREFIX.length);
  if (!text.startsWith(PREFIX)) return 'Bad prefix for hll.Plus';
  if (text.length === PREFIX.length) return undefined;
  const bytes = fromBase64(text.slice(PREFIX.length));
  return bytes === undefined ? 'illegal base64 data in hll.Plus' : HllSketch.fromBytes(bytes);
}

/** How many different values a sketch has seen; 0 where the text is none. */
export function sketchCount(text: string): number {
  const sketch = parseSketch(text);
  return sketch instanceof HllSketch ? sketch.count() : 0;
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += PIECE_SIZE) text += String.fromCharCode(...bytes.subarray(start, start + PIECE_SIZE));
  return btoa(text);
}

function fromBase64(text: string): Uint8Array | undefined {
  if (!BASE64.test(text)) return undefined;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

const PIECE_SIZE = 8192;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
