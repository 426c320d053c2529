/** A point of the search and what the function is there. */
interface Vertex {
  readonly at: Float64Array;
  value: number;
}

interface SearchOptions {
  readonly iterationCountMax: number;
  /** The search ends when the values at all corners differ by less. */
  readonly epsilon: number;
  /** Asked between evaluations, with the steps of arithmetic that the search itself has taken since: whether others should have a turn. */
  readonly isPauseDue: (stepCount: number) => boolean;
}

/**
 * The parameters at which a function is least, by the simplex search of Nelder and Mead, with the steps, the order of
 * comparisons and the constants of InfluxDB (reflection 1, contraction 1/2, expansion 2), so that the two end at the same
 * place. The function may move the parameters it is given back into their ranges. Yields where a pause is due.
 */
export function* leastOf(evaluate: (at: Float64Array) => number, start: Float64Array, options: SearchOptions): Generator<undefined, Vertex> {
  const size = start.length;
  const vertices: Vertex[] = [];
  for (const at of firstCorners(start)) {
    vertices.push(vertexAt(evaluate, at));
    if (options.isPauseDue(size)) yield;
  }
  for (let iteration = 1; iteration <= options.iterationCountMax; iteration += 1) {
    moveSimplex(vertices, evaluate);
    if (options.isPauseDue(size * size)) yield;
    if (spreadOf(vertices, size) < options.epsilon) break;
  }
  const { at } = vertices[indexOfLeast(vertices)]!;
  return { at: at.slice(), value: evaluate(at) };
}

function firstCorners(start: Float64Array): Float64Array[] {
  const size = start.length;
  const far = (Math.sqrt(size + 1) - 1 + size) / (size * Math.SQRT2);
  const near = (Math.sqrt(size + 1) - 1) / (size * Math.SQRT2);
  return Array.from({ length: size + 1 }, (_corner, index) => (index === 0 ? start.slice() : start.map((value, axis) => (index - 1 === axis ? far : near) + value)));
}

/** One iteration: the worst corner is mirrored, stretched or drawn in; where nothing helps, all draw near the best one. */
function moveSimplex(vertices: Vertex[], evaluate: (at: Float64Array) => number): void {
  const [worst, best] = [indexOfGreatest(vertices), indexOfLeast(vertices)];
  const second = indexOfSecond(vertices, worst, best);
  const greatest = vertices[worst]!;
  const centre = centreWithout(vertices, worst);
  const from = greatest.at;
  const mirrored = vertexAt(evaluate, centre.map((value, axis) => value + (value - from[axis]!)));
  const [secondValue, bestValue] = [vertices[second]!.value, vertices[best]!.value];
  if (mirrored.value < secondValue && mirrored.value >= bestValue) vertices[worst] = { at: mirrored.at.slice(), value: mirrored.value };
  if (mirrored.value < bestValue) {
    const stretched = vertexAt(evaluate, centre.map((value, axis) => value + 2 * (mirrored.at[axis]! - value)));
    vertices[worst] = stretched.value < mirrored.value ? stretched : { at: mirrored.at.slice(), value: mirrored.value };
  }
  if (mirrored.value >= vertices[second]!.value) contract({ vertices, worst, best, second, centre, mirrored }, evaluate);
}

interface Move {
  readonly vertices: Vertex[];
  readonly worst: number;
  readonly best: number;
  readonly second: number;
  readonly centre: Float64Array;
  readonly mirrored: Vertex;
}

function contract({ vertices, worst, best, second, centre, mirrored }: Move, evaluate: (at: Float64Array) => number): void {
  const greatest = vertices[worst]!;
  const isOutside = mirrored.value < greatest.value;
  const drawn = vertexAt(
    evaluate,
    centre.map((value, axis) => (isOutside ? value + 0.5 * (mirrored.at[axis]! - value) : value - 0.5 * (value - greatest.at[axis]!))),
  );
  if (drawn.value < greatest.value) {
    vertices[worst] = drawn;
    return;
  }
  const { at: least } = vertices[best]!;
  for (const [index, { at }] of vertices.entries()) {
    if (index !== best) for (let axis = 0; axis < at.length; axis += 1) at[axis] = least[axis]! + (at[axis]! - least[axis]!) / 2;
  }
  // As InfluxDB has it, only these two are looked at anew.
  for (const index of [worst, second]) vertices[index]!.value = evaluate(vertices[index]!.at);
}

function vertexAt(evaluate: (at: Float64Array) => number, at: Float64Array): Vertex {
  const value = evaluate(at);
  return { at, value };
}

function indexOfGreatest(vertices: readonly Vertex[]): number {
  let found = 0;
  for (let index = 0; index < vertices.length; index += 1) if (vertices[index]!.value > vertices[found]!.value) found = index;
  return found;
}

function indexOfLeast(vertices: readonly Vertex[]): number {
  let found = 0;
  for (let index = 0; index < vertices.length; index += 1) if (vertices[index]!.value < vertices[found]!.value) found = index;
  return found;
}

function indexOfSecond(vertices: readonly Vertex[], worst: number, best: number): number {
  let found = best;
  for (let index = 0; index < vertices.length; index += 1) {
    const { value } = vertices[index]!;
    if (value > vertices[found]!.value && value < vertices[worst]!.value) found = index;
  }
  return found;
}

function centreWithout(vertices: readonly Vertex[], left: number): Float64Array {
  const size = vertices.length - 1;
  const centre = new Float64Array(size);
  for (let index = 0; index <= size; index += 1) {
    if (index === left) continue;
    const { at } = vertices[index]!;
    for (let axis = 0; axis < size; axis += 1) centre[axis]! += at[axis]!;
  }
  for (let axis = 0; axis < size; axis += 1) centre[axis]! /= size;
  return centre;
}

function spreadOf(vertices: readonly Vertex[], size: number): number {
  const mean = vertices.reduce((sum, { value }) => sum + value, 0) / (size + 1);
  let sum = 0;
  for (const { value } of vertices) sum += ((value - mean) * (value - mean)) / size;
  return Math.sqrt(sum);
}
