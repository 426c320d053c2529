/*
 * Tests as text: a script is a list of steps that a stranger can read, and its expected output is rewritten by hand or by
 * writing `actual` back to the file.
 *
 *   # A comment.
 *   propose 1 hello        the command's name and its arguments, split at spaces
 *   more input             lines up to the rule are the command's input
 *   ----
 *   ok                     what it must answer, up to an empty line
 *
 * An answer that holds an empty line stands between doubled rules. Source: the `datadriven` tests of etcd-io/raft.
 */

/** One step of a script. */
export interface ScriptCommand {
  readonly name: string;
  readonly args: readonly string[];
  /** The lines between the command and the rule, joined by line feeds. */
  readonly input: string;
}

/** The script as its commands answered it, and as it was written: equal when every answer was expected. */
export interface ScriptRun {
  readonly actual: string;
  readonly expected: string;
}

const RULE = '----';

/**
 * Runs the steps in order: `expect(actual).toBe(expected)`. Trailing line feeds of an answer do not count.
 * @throws Error naming the line when a step has no rule or its command throws
 */
export function runScript(text: string, execute: (command: ScriptCommand) => string): ScriptRun {
  const expected = text.replace(/\n*$/, '\n');
  const lines = expected.slice(0, -1).split('\n');
  const actual: string[] = [];
  for (let at = 0; at < lines.length;) {
    if (isSilent(lines[at]!)) {
      actual.push(lines[at]!);
      at += 1;
      continue;
    }
    const ruleAt = lines.indexOf(RULE, at);
    if (ruleAt < 0) throw new Error(`line ${at + 1}: "${lines[at]}" has no ${RULE}`);
    const answer = answerOf(lines, at, ruleAt, execute);
    actual.push(...lines.slice(at, ruleAt), ...renderAnswer(answer));
    at = answerEnd(lines, ruleAt);
  }
  return { actual: `${actual.join('\n')}\n`, expected };
}

function isSilent(line: string): boolean {
  return line.trim() === '' || line.startsWith('#');
}

function answerOf(
  lines: readonly string[],
  at: number,
  ruleAt: number,
  execute: (command: ScriptCommand) => string,
): string {
  const [name = '', ...args] = lines[at]!.trim().split(/ +/);
  try {
    return execute({ name, args, input: lines.slice(at + 1, ruleAt).join('\n') }).replace(/\n+$/, '');
  } catch (error) {
    throw new Error(`line ${at + 1}: "${lines[at]}" failed`, { cause: error });
  }
}

function renderAnswer(answer: string): string[] {
  if (answer === '') return [RULE];
  const lines = answer.split('\n');
  return lines.includes('') ? [RULE, RULE, ...lines, RULE, RULE] : [RULE, ...lines];
}

/** Index of the first line after the answer that begins at the rule. */
function answerEnd(lines: readonly string[], ruleAt: number): number {
  const isDoubled = lines[ruleAt + 1] === RULE;
  for (let at = ruleAt + (isDoubled ? 2 : 1); at < lines.length; at += 1) {
    if (isDoubled && lines[at] === RULE && lines[at + 1] === RULE) return at + 2;
    if (!isDoubled && lines[at] === '') return at;
  }
  return lines.length;
}
