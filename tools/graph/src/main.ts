import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderExports, renderImportGraph } from './render.ts';
import { readRooms, REPOSITORY } from './rooms.ts';

const rooms = readRooms();
const directory = join(REPOSITORY, 'docs', 'generated');
mkdirSync(directory, { recursive: true });
writeFileSync(join(directory, 'import-graph.txt'), renderImportGraph(rooms));
writeFileSync(join(directory, 'exports.txt'), renderExports(rooms));
process.stdout.write(`${rooms.length} rooms: docs/generated/import-graph.txt and exports.txt are written.\n`);
