import type { OutputBuffer } from './output-buffer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);
const INDENT = '    ';

/** Spreads compact JSON over lines as Go's MarshalIndent does with four spaces, piece by piece. */
export class JsonIndenter {
  /** Where what was spread is. */
  readonly out: OutputBuffer;
  #depth = 0;
  #isInText = false;
  #isEscaped = false;
  /** The byte before opened an object or array: it stays on its line if it is empty. */
  #hasJustOpened = false;

  constructor(out: OutputBuffer) {
    this.out = out;
  }

  write(compact: Uint8Array): void {
    for (const byte of compact) {
      if (this.#isInText) this.#textByte(byte);
      else this.#structureByte(byte);
    }
  }

  #textByte(byte: number): void {
    this.out.byte(byte);
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#isInText = false;
  }

  #structureByte(byte: number): void {
    if (CLOSING.has(byte)) {
      this.#depth -= 1;
      if (!this.#hasJustOpened) this.#newLine();
      this.#hasJustOpened = false;
      this.out.byte(byte);
      return;
    }
    if (this.#hasJustOpened) this.#newLine();
    this.#hasJustOpened = OPENING.has(byte);
    if (this.#hasJustOpened) this.#depth += 1;
    this.#isInText = byte === QUOTE;
    this.out.byte(byte);
    if (byte === COMMA) this.#newLine();
    if (byte === COLON) this.out.byte(SPACE);
  }

  #newLine(): void {
    this.out.byte(NEWLINE);
    for (let level = 0; level < this.#depth; level += 1) this.out.ascii(INDENT);
  }
}
