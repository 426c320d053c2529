import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'varve';
import './main.ts';

// Fills Node's compile cache before the first start, called with `--version`: loads all that the server runs, its storage
// threads too. Each thread that strips types itself keeps the stripper in memory for as long as it lives.

const directory = await mkdtemp(join(tmpdir(), 'varve-compile-'));
await (await open({ dataDir: directory })).close();
await rm(directory, { recursive: true });
