/** What `node --cpu-prof` writes, as far as it is read here. Source: the DevTools protocol, Profiler.Profile. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Which node ran, at each look. */
  readonly samples: readonly number[];
  /** Microseconds before each look. */
  readonly timeDeltas: readonly number[];
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** Time in one function itself, without those it called. */
export interface SelfTime {
  readonly group: string;
  readonly functionName: string;
  /** From the root of the repository on, or of a built-in module; empty for native code. */
  readonly module: string;
  readonly ms: number;
}

/** By where a function stands; the first that matches. */
const GROUPS: readonly (readonly [group: string, where: RegExp])[] = [
  ['parse', /libs\/core\/line-protocol\//],
  ['place', /libs\/core\/placement\//],
  ['frame', /libs\/frame\//],
  ['codec', /libs\/codec\//],
  ['SQLite', /node_modules\/better-sqlite3\//],
  ['journal', /libs\/adapters\/sqlite\/src\/(open-)?journal/],
  ['SQLite', /libs\/adapters\/sqlite\//],
  ['threads', /libs\/adapters\/threads\//],
  ['memtable', /libs\/core\/storage\/.*(memtable|series-index|shard-table|rows|postings)/],
  ['flush', /libs\/core\/storage\/|data-shard\/src\/(flush|merge|copy-frames|commit-chunks|upkeep|trim)/],
  [
    'http',
    /libs\/adapters\/http\/|^node:(_http|http|net|_stream|stream|buffer|internal\/(http|streams|stream_base|buffer))/,
  ],
  ['services and bus', /libs\/(services|kit|wire|model|adapters\/inproc)\//],
  ['loading', /^node:internal\/(modules|process\/esm|deps)/],
];

const PSEUDO: ReadonlyMap<string, string> = new Map([
  ['(garbage collector)', 'GC'],
  ['(idle)', 'idle'],
  ['(program)', 'outside of JavaScript'],
]);

/** Self times of all functions, the longest first. Native code and Node's own count for who called them. */
export function selfTimesOf({ nodes, samples, timeDeltas }: CpuProfile): readonly SelfTime[] {
  const usById = new Map<number, number>();
  for (const [index, id] of samples.entries()) usById.set(id, (usById.get(id) ?? 0) + timeDeltas[index]!);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const times = new Map<string, SelfTime>();
  const visit = (node: ProfileNode, callerGroup: string): void => {
    const { functionName, url } = node.callFrame;
    const group = PSEUDO.get(functionName) ?? groupOf(url, callerGroup);
    const module = url.replace(/^.*?\/((libs|apps|tools|node_modules)\/)/, '$1');
    const key = `${group} ${functionName} ${module}`;
    const ms = (times.get(key)?.ms ?? 0) + (usById.get(node.id) ?? 0) / 1_000;
    times.set(key, { group, functionName: functionName || '(anonymous)', module, ms });
    for (const child of node.children ?? []) visit(byId.get(child)!, group);
  };
  if (nodes[0] !== undefined) visit(nodes[0], 'other');
  return [...times.values()].sort((left, right) => right.ms - left.ms);
}

function groupOf(url: string, callerGroup: string): string {
  if (url.startsWith('node:') && url.includes('zlib')) return callerGroup === 'http' ? 'gunzip' : callerGroup;
  const group = GROUPS.find(([, where]) => where.test(url))?.[0];
  return group ?? (url === '' || url.startsWith('node:') ? callerGroup : 'other');
}
