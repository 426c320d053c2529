import { Lexer } from '../lexer.ts';

type Scan = (this: Lexer, start: number) => { readonly end: number } | undefined;

/** How many characters the lexer went over while `run` ran, counting those again that it went over again. */
export function scannedChars(run: () => void): number {
  const prototype = Lexer.prototype as unknown as Record<'tokenAt' | 'regexAt', Scan>;
  const { tokenAt, regexAt } = prototype;
  let count = 0;
  const counting = (scan: Scan): Scan =>
    function (start) {
      const token = scan.call(this, start);
      count += Math.max((token?.end ?? start) - start, 1);
      return token;
    };
  Object.assign(prototype, { tokenAt: counting(tokenAt), regexAt: counting(regexAt) });
  try {
    run();
  } finally {
    Object.assign(prototype, { tokenAt, regexAt });
  }
  return count;
}
