import { Prng } from '@varve/base';
import { expectOk, openClient, type HttpClient } from '../http-client.ts';
import { within, type Figure } from '../figure.ts';
import { startProgress } from '../progress.ts';
import { NO_ROWS, readAnswer } from '../read-answer.ts';
import type { Endpoint } from '../running-system.ts';
import { INFLUXDB, VARVE, type System } from '../systems.ts';
import { differenceOf } from './same-answer.ts';
import type { Question } from './query-kinds.ts';

const SHOWN_COUNT_MAX = 20;

/** Questions that are put to both, under one name. */
export interface NamedQuestions {
  readonly name: string;
  draw(random: Prng, index: number): Question;
}

/** What comparing takes. */
export interface Comparing {
  readonly questions: readonly NamedQuestions[];
  /** Of each name. */
  readonly count: number;
  readonly seed: number;
}

/** Whether a system takes part where answers are all that is looked at. */
export function isCompared({ name }: System): boolean {
  return name === VARVE.name || name === INFLUXDB.name;
}

/**
 * Puts identical questions to a system and to InfluxDB and compares the answers value by value. Without InfluxDB nothing is
 * compared, and the figure says so.
 *
 * @throws Error answers differ: no rate of this run is worth anything
 */
export async function compareAnswers(all: readonly Endpoint[], comparing: Comparing): Promise<Figure> {
  const own = all[0]!;
  const reference = all.find(({ system }) => system.name === INFLUXDB.name);
  if (reference === undefined) return figureOf(own, INFLUXDB.name, `${INFLUXDB.program} is not measured`);
  return compareAnswersWith(own, reference, comparing);
}

/** The same with any system that speaks InfluxQL. @throws Error answers differ */
export async function compareAnswersWith(own: Endpoint, reference: Endpoint, comparing: Comparing): Promise<Figure> {
  const differences = await differencesOf(own, reference, comparing);
  if (differences.length === 0) return figureOf(own, reference.system.name, 0);
  const shown = differences.slice(0, SHOWN_COUNT_MAX).join('\n');
  throw new Error(`${differences.length} answers of ${own.system.name} differ from ${reference.system.name}'s:\n${shown}`);
}

function figureOf({ system }: Endpoint, referenceName: string, value: number | string): Figure {
  const name = `answers that differ from ${referenceName}'s`;
  return { name, better: 'less', values: new Map([[system.name, value]]), bound: within(0, 0) };
}

async function differencesOf(
  own: Endpoint,
  reference: Endpoint,
  { questions, count, seed }: Comparing,
): Promise<readonly string[]> {
  const clients = [own, reference].map(({ port }) => openClient(port)) as [HttpClient, HttpClient];
  const differences: string[] = [];
  const total = questions.length * count;
  const progress = startProgress({ label: 'comparing answers', total, unit: 'questions' });
  for (const [place, { name, draw }] of questions.entries()) {
    const random = new Prng(seed + place);
    let filledCount = 0;
    for (let index = 0; index < count; index += 1) {
      const path = own.system.queryPath(draw(random, index))!;
      const { difference, hasRows } = await compareOne(path, clients);
      if (difference !== undefined) differences.push(`  ${name}: ${difference}\n    ${path}`);
      if (hasRows) filledCount += 1;
      progress.at(place * count + index + 1);
    }
    if (filledCount === 0) differences.push(`  ${name}: no answer had rows, which says nothing`);
  }
  progress.end();
  for (const client of clients) client.close();
  return differences;
}

async function compareOne(
  path: string,
  [own, reference]: readonly [HttpClient, HttpClient],
): Promise<{ readonly difference: string | undefined; readonly hasRows: boolean }> {
  const right = await expectOk(reference.get(path));
  const { problem } = readAnswer(right);
  if (problem !== undefined && problem !== NO_ROWS) throw new Error(`what is right says: ${problem} to ${path}`);
  const { status, body } = await own.get(path);
  const difference =
    status === 200
      ? differenceOf(body.toString(), right.body.toString())
      : `status ${status}: ${body.toString().slice(0, 200)}`;
  return { difference, hasRows: problem === undefined };
}
