import { assert, Prng } from '@varve/base';
import { answerOf, parseOne, type Answer, type Sharding } from '../memory-engine.ts';
import { parseTestLines } from '../test-lines.ts';
import { differenceOf } from './compare-answers.ts';
import { modelAnswer } from './model-answer.ts';
import { ORIGIN_NS, randomLines, UNIT_COUNT, UNIT_NS } from './random-data.ts';
import { randomStatement, type StatementFamily } from './random-statement.ts';

/** What `now()` is in all of them. */
export const MODEL_NOW_NS = ORIGIN_NS + BigInt(UNIT_COUNT + 6) * UNIT_NS;

export interface ModelRun {
  readonly seed: number;
  readonly family: StatementFamily;
  readonly statementCount: number;
}

export interface ModelTally {
  /** Where engine and model differ: with the statement, the answers and the points, as a text. */
  readonly difference: string | undefined;
  /** Answers that have rows; of the others nothing is learnt. */
  readonly answeredCount: number;
}

/** Asks the engine and the model the same random statements about the same random points, up to the first difference. */
export async function checkAgainstModel({ seed, family, statementCount }: ModelRun): Promise<ModelTally> {
  const prng = new Prng(seed);
  let answeredCount = 0;
  let lines: string[] = [];
  for (let index = 0; index < statementCount; index += 1) {
    if (index % STATEMENTS_PER_DATA === 0) lines = randomLines(prng, { hasEqualTimes: prng.chance(0.5) && family !== 'subqueries', isPlain: family === 'subqueries' });
    const points = parseTestLines(lines.join('\n'));
    const text = randomStatement(prng, family);
    const sharding: Sharding = { windowNs: BigInt(prng.between(1, 9)) * UNIT_NS, sliceCount: prng.between(1, 4) };
    const engine = await answerOf(text, points, { nowNs: MODEL_NOW_NS, sharding, chunkRowCount: prng.between(1, 9) });
    // What is refused is a matter of texts, not of answers.
    if (engine.error !== undefined) continue;
    const model = modelAnswerTo(text, lines, MODEL_NOW_NS)!;
    const difference = differenceOf(engine, model);
    if (difference !== undefined) return { difference: report({ seed, text, difference, engine, model, lines }), answeredCount };
    if (engine.series !== undefined) answeredCount += 1;
  }
  return { difference: undefined, answeredCount };
}

/** Statements are asked of the same points so often. */
const STATEMENTS_PER_DATA = 30;

/** What the model answers to a text about lines; undefined: it does not parse. */
export function modelAnswerTo(text: string, lines: readonly string[], nowNs: bigint): Answer | undefined {
  const statement = parseOne(text);
  if (typeof statement === 'string') return undefined;
  assert(statement.kind === 'select', `not a SELECT: ${text}`);
  return modelAnswer(statement, parseTestLines(lines.join('\n')), nowNs);
}

interface Failure {
  readonly seed: number;
  readonly text: string;
  readonly difference: string;
  readonly engine: Answer;
  readonly model: Answer;
  readonly lines: readonly string[];
}

function report({ seed, text, difference, engine, model, lines }: Failure): string {
  return [`seed ${seed}: ${text}`, `engine / model: ${difference}`, `engine: ${jsonOf(engine)}`, `model:  ${jsonOf(model)}`, ...lines].join('\n');
}

function jsonOf(answer: Answer): string {
  return JSON.stringify(answer, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
}
