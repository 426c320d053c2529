import { isTestFile, readSource, type Room } from './rooms.ts';

/** One line per room with what it imports; an import that only tests need has a `?`. A new edge is a visible line in a review. */
export function renderImportGraph(rooms: readonly Room[]): string {
  const lines = rooms.map((room) => {
    const edges = new Map<string, boolean>();
    for (const file of room.files) {
      for (const target of importedRooms(file, rooms)) {
        if (target !== room) edges.set(target.nxName, (edges.get(target.nxName) ?? true) && isTestFile(file));
      }
    }
    const targets = [...edges].sort(([left], [right]) => (left < right ? -1 : 1)).map(([name, isTestOnly]) => (isTestOnly ? `${name}?` : name));
    return `${room.path} [${room.tags.join(' ')}] → ${targets.join(', ') || '–'}`;
  });
  return `${lines.join('\n')}\n`;
}

/** What each library exports, one name a line: its public surface. */
export function renderExports(rooms: readonly Room[]): string {
  const blocks = rooms
    .filter((room) => room.files.includes(`${room.path}/src/index.ts`))
    .map((room) => [room.packageName, ...exportedNames(`${room.path}/src/index.ts`).map((name) => `  ${name}`)].join('\n'));
  return `${blocks.join('\n\n')}\n`;
}

function importedRooms(file: string, rooms: readonly Room[]): readonly Room[] {
  const specifiers = [...readSource(file).matchAll(/(?:from|import\()\s*'((?:@varve\/[\w-]+|varve)(?:\/[\w-]+)?)'/g)].map((match) => match[1]!);
  return specifiers.flatMap((specifier) => rooms.find(({ packageName }) => specifier === packageName || specifier.startsWith(`${packageName}/`)) ?? []);
}

function exportedNames(indexFile: string): readonly string[] {
  const names = [...readSource(indexFile).matchAll(/export (type )?\{([^}]*)\}/g)].flatMap(([, isType, list]) =>
    list!
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .map((name) => (isType === undefined && !name.startsWith('type ') ? name : `type ${name.replace(/^type /, '')}`)),
  );
  return names.sort();
}
