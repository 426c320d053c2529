/**
 * How large a regular expression is with its repetitions written out: `(ab){3,5}` is ten characters. Compiling takes time and
 * memory by that, not by the length of the text. Operators and classes by name, which become many instructions, count for several.
 * Linear in the text; of a pattern that does not parse it is any number.
 */
export function patternSize(pattern: string): number {
  const scan = new PatternScan(pattern);
  return scan.size;
}

const OPERATOR_SIZE = 4;
/** `\pL` and its like: hundreds of ranges. */
const NAMED_CLASS_SIZE = 64;

class PatternScan {
  readonly #pattern: string;
  /** Sizes of the open groups, the outermost first; the pattern itself is one. */
  readonly #open = [0];
  /** Of what a repetition would repeat; counted already. */
  #atomSize = 0;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
    while (this.#at < pattern.length) this.#step();
  }

  get size(): number {
    return this.#open.reduce((sum, size) => sum + size, 0);
  }

  #step(): void {
    switch (this.#pattern[this.#at]) {
      case '\\':
        return this.#escape();
      case '[':
        return this.#take(this.#classLength(), this.#classSize());
      case '(':
        this.#open.push(1);
        this.#at += 1;
        return;
      case ')':
        return this.#closeGroup();
      case '*':
      case '+':
      case '?':
        return this.#repeat(1, 1);
      case '{':
        return this.#counted();
      default:
        return this.#take(1, 1);
    }
  }

  #take(length: number, size: number): void {
    this.#at += length;
    this.#atomSize = size;
    this.#add(size);
  }

  #add(size: number): void {
    this.#open[this.#open.length - 1]! += size;
  }

  #escape(): void {
    const next = this.#pattern[this.#at + 1];
    if (next === 'p' || next === 'P') return this.#take(2, NAMED_CLASS_SIZE);
    if (next !== 'Q') return this.#take(2, 1);
    const end = this.#pattern.indexOf('\\E', this.#at);
    this.#add((end < 0 ? this.#pattern.length : end) - this.#at);
    this.#at = end < 0 ? this.#pattern.length : end + 2;
    this.#atomSize = 1;
  }

  #closeGroup(): void {
    this.#at += 1;
    this.#atomSize = this.#open.length > 1 ? this.#open.pop()! : 1;
    this.#add(this.#atomSize);
  }

  /** Adds what repeating the last atom adds to it. */
  #repeat(length: number, count: number): void {
    this.#at += length;
    const repeated = this.#atomSize * Math.max(1, count) + OPERATOR_SIZE;
    this.#add(repeated - this.#atomSize);
    this.#atomSize = repeated;
  }

  /** `{n}`, `{n,}` or `{n,m}`; anything else is a text. */
  #counted(): void {
    COUNTED.lastIndex = this.#at;
    const match = COUNTED.exec(this.#pattern);
    if (match === null) return this.#take(1, 1);
    this.#repeat(match[0].length, Math.max(Number(match[1]), Number(match[2] ?? 0)));
  }

  #classLength(): number {
    CLASS.lastIndex = this.#at;
    return CLASS.exec(this.#pattern)?.[0].length ?? 1;
  }

  #classSize(): number {
    const text = this.#pattern.slice(this.#at, this.#at + this.#classLength());
    return text.length + NAMED_CLASS_SIZE * (text.split(/\\[pP]/).length - 1);
  }
}

const COUNTED = /\{(\d{1,4})(?:,(\d{1,4})?)?\}/y;
/** A `]` right behind the beginning is a text. */
const CLASS = /\[\^?\]?(?:\\[^]|\[:\^?\w+:\]|[^\]\\])*\]/y;
