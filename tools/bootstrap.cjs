'use strict';
/**
 * Starts a program of this repository on the Node it was written for. Runs on any Node from 18 on, so it is plain
 * JavaScript: it installs the packages when they are missing or older than package-lock.json, then hands over to the
 * pinned Node of node_modules. The Node version is settled here, before better-sqlite3 is loaded: its native part ends
 * an older Node without a word.
 *
 * Usage: node [NODE FLAG ...] tools/bootstrap.cjs PROGRAM.ts [ARGUMENT ...]; the program gets the flags as well
 */
const { spawn, spawnSync } = require('node:child_process');
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { createHash } = require('node:crypto');
const { dirname, join, resolve } = require('node:path');
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
compileAhead();
handOver();

function wantedLock() {
  return sha256(readFileSync(join(root, 'package-lock.json')));
}

function sha256(content) {
  return createHash('sha256').update(content).digest('hex');
}

function isWantedNode() {
  return Number(process.versions.node.split('.')[0]) >= wantedMajor;
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

/**
 * A program with a compile-ahead.ts beside it has that run once, in a process that ends: one that strips types keeps some 50 MB
 * for it. Code that was compiled under other flags is not taken. When it fails, the program works as well.
 */
function compileAhead() {
  const cache = process.env.NODE_COMPILE_CACHE;
  const ahead = join(dirname(resolve(root, program)), 'compile-ahead.ts');
  const flags = process.execArgv.filter((flag) => !/^--(cpu-prof|heap-prof|inspect)/.test(flag));
  const done = join(cache, `${sha256(JSON.stringify([ahead, wantedLock(), flags]))}.done`);
  if (cache === '' || !existsSync(ahead) || existsSync(done)) return;
  const node = isWantedNode() ? process.execPath : pinnedNode;
  spawnSync(node, [...flags, ahead, '--version'], { stdio: 'ignore', timeout: 30_000 });
  try {
    mkdirSync(cache, { recursive: true });
    writeFileSync(done, '');
  } catch {
    // What cannot be written is a cache only.
  }
}

/** In this process when it already is the right Node, else in its place where that can be, so that no second process stays in memory. */
function handOver() {
  const file = resolve(root, program);
  if (isWantedNode()) {
    process.argv = [process.argv[0], file, ...programArguments];
    import(pathToFileURL(file).href).catch((error) => fail(error.stack));
    return;
  }
  const parameters = [...process.execArgv, file, ...programArguments];
  if (process.execve !== undefined && process.platform !== 'win32') process.execve(pinnedNode, [pinnedNode, ...parameters], process.env);
  const child = spawn(pinnedNode, parameters, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`Varve: cannot start ${pinnedNode}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code === null ? 128 + (signal === 'SIGKILL' ? 9 : 15) : code));
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
