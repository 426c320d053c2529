import { expect, test } from 'vitest';
import { runScript, type ScriptCommand } from './run-script.ts';

const SCRIPT = `# Adds and echoes.
add 1 2
----
3

echo
two lines
of input
----
two lines
of input

gap
----
----
above

below
----
----

silent
----
`;

function execute({ name, args, input }: ScriptCommand): string {
  switch (name) {
    case 'add':
      return String(args.reduce((sum, arg) => sum + Number(arg), 0));
    case 'echo':
      return `${input}\n`;
    case 'gap':
      return 'above\n\nbelow';
    case 'silent':
      return '';
    default:
      throw new Error(`unknown command ${name}`);
  }
}

test('a script whose commands answer as written comes back as it is', () => {
  const { actual, expected } = runScript(SCRIPT, execute);
  expect(expected).toBe(SCRIPT);
  expect(actual).toBe(SCRIPT);
});

test('a wrong answer shows in its place and nowhere else', () => {
  const wrong = SCRIPT.replace('\n3\n', '\n4\n').replace('----\nabove\n\nbelow\n----\n', 'above\n');
  const { actual, expected } = runScript(wrong, execute);
  expect(expected).toBe(wrong);
  expect(actual).toBe(SCRIPT);
});

test('the end of the file ends an answer, with or without a line feed', () => {
  for (const ending of ['', '\n', '\n\n\n']) {
    const { actual, expected } = runScript(`add 2 2\n----\n4${ending}`, execute);
    expect(actual).toBe('add 2 2\n----\n4\n');
    expect(expected).toBe(actual);
  }
});

test('a step without a rule and a command that throws are named with their line', () => {
  expect(() => runScript('# only\nadd 1\n', execute)).toThrow('line 2: "add 1" has no ----');
  expect(() => runScript('add 1\n----\n1\n\nnope\n----\n', execute)).toThrow('line 5: "nope" failed');
});
