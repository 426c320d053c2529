'use strict';
/**
 * Starts a program of this repository on the Node it was written for. Runs on any Node from 18 on, so it is plain
 * JavaScript: it installs the packages when they are missing or older than package-lock.json, then hands over to the
 * pinned Node of node_modules. The Node version is settled here, before better-sqlite3 is loaded: its native part ends
 * an older Node without a word.
 *
 * Usage: node tools/bootstrap.cjs PROGRAM.ts [ARGUMENT ...]
 */
const { spawn, spawnSync } = require('node:child_process');
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { createHash } = require('node:crypto');
const { join, resolve } = require('node:path');
const { pathToFileURL } = require('node:url');

const root = resolve(__dirname, '..');
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.varve-installed');
const pinnedNode = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const wantedMajor = 26;

const [program, ...programArguments] = process.argv.slice(2);
if (program === undefined) fail('Usage: node tools/bootstrap.cjs PROGRAM.ts [ARGUMENT ...]');

if (Number(process.versions.node.split('.')[0]) < 18) fail(`Varve needs Node 18 or newer to set itself up; this is ${process.version}.`);
if (installedLock() !== wantedLock()) install();
rememberCompiled();
handOver();

function wantedLock() {
  return createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
}

function installedLock() {
  return existsSync(stampFile) && existsSync(pinnedNode) ? readFileSync(stampFile, 'utf8') : undefined;
}

function install() {
  process.stderr.write('Varve: installing packages (once, about half a minute) …\n');
  const startedMs = Date.now();
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (npm.status !== 0) fail('Varve: "npm ci" failed; its messages are above.');
  if (!existsSync(pinnedNode)) fail('Varve: the package "node" has no binary: npm was told to ignore its install script. Run "npm rebuild node".');
  writeFileSync(stampFile, wantedLock());
  process.stderr.write(`Varve: packages installed in ${Math.round((Date.now() - startedMs) / 1000)} s.\n`);
}

/** Types are stripped and code is compiled once for each version of a file, not at each start; what is started from here does the same. */
function rememberCompiled() {
  process.env.NODE_COMPILE_CACHE ??= join(root, '.cache', 'compiled');
  require('node:module').enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
}

/** In this process when it already is the right Node, so that no second process stays in memory. */
function handOver() {
  const file = resolve(root, program);
  if (Number(process.versions.node.split('.')[0]) >= wantedMajor) {
    process.argv = [process.argv[0], file, ...programArguments];
    import(pathToFileURL(file).href).catch((error) => fail(error.stack));
    return;
  }
  const child = spawn(pinnedNode, [file, ...programArguments], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`Varve: cannot start ${pinnedNode}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code === null ? 128 + (signal === 'SIGKILL' ? 9 : 15) : code));
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
