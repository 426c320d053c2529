import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isTestFile, readRooms, readSource, REPOSITORY } from '@varve/graph';
import { expect, test } from 'vitest';
import ratchet from './size-ratchet.json' with { type: 'json' };

const rooms = readRooms();
const sourceFiles = rooms.flatMap(({ files }) => files);
const read = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');

test('every room has a README with a title, what is not here, and where to start reading', () => {
  const poor = rooms
    .map(({ path }) => `${path}/README.md`)
    .filter((file) => !existsSync(join(REPOSITORY, file)) || !/^# .+\n[\s\S]+^## Not here[\s\S]+^## Start reading/m.test(read(file)));
  expect(poor).toEqual([]);
});

test('every room has its two tags and no source file outside src', () => {
  const untagged = rooms.filter(({ tags }) => tags.length !== 2 || !tags[0]!.startsWith('layer:') || !tags[1]!.startsWith('io:'));
  expect(untagged.map(({ path }) => path)).toEqual([]);
});

test('files are named in kebab-case', () => {
  expect(sourceFiles.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.(it|sim|long))?(\.(test|bench))?\.ts$/.test(basename(file)))).toEqual([]);
});

/** Followed from every index, entry point and test; a file that nothing reaches is dead. */
test('no source file is dead', () => {
  const started = (file: string): boolean => isTestFile(file) || /\/(index|main|worker|plugin|compile-ahead)\.ts$|-worker\.ts$|\/tools\/.*\/src\/[\w-]+\.ts$/.test(`/${file}`);
  const reached = new Set(sourceFiles.filter(started));
  for (const file of reached) {
    for (const [, specifier] of readSource(file).matchAll(/(?:from|import\(|import|URL\()\s*'(\.[^']+\.ts)'/g)) {
      reached.add(join(dirname(file), specifier!).replaceAll('\\', '/'));
    }
  }
  expect(sourceFiles.filter((file) => !reached.has(file))).toEqual([]);
});

/** Sizes may only shrink: a file over 400 lines is listed with its size, and nothing may outgrow its entry. */
test('no file is over 400 lines but those on the list, and none of these has grown', () => {
  const allowed: Readonly<Record<string, number>> = ratchet;
  const tooLong = sourceFiles
    .filter((file) => !isTestFile(file))
    .map((file) => ({ file, lineCount: readSource(file).split('\n').length - 1 }))
    .filter(({ file, lineCount }) => lineCount > (allowed[file] ?? 400));
  expect(tooLong).toEqual([]);
});

test('the list of long files names no file that is gone or short by now', () => {
  const stale = Object.keys(ratchet).filter((file) => !sourceFiles.includes(file) || readSource(file).split('\n').length - 1 <= 400);
  expect(stale).toEqual([]);
});

test('nothing is put off in a comment, and no check is switched off', () => {
  const pattern = /\b(TODO|FIXME|XXX)\b(?!\(#\d+\))|@ts-ignore|@ts-expect-error|@ts-nocheck|eslint-disable|\bas any\b|: any(?=\s*[;,)=\]>|&{])/;
  const here = 'tools/tidy/src/tidy.test.ts';
  expect(sourceFiles.filter((file) => file !== here && pattern.test(readSource(file)))).toEqual([]);
});

test('every link from one document to another leads somewhere', () => {
  const documents = globSync('{*.md,docs/**/*.md,apps/**/*.md,libs/**/*.md,tools/**/*.md}', { cwd: REPOSITORY, exclude: (name) => name.includes('node_modules') });
  const broken = documents.flatMap((file) =>
    [...read(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
      .map(([, target]) => join(dirname(file), target!))
      .filter((target) => !existsSync(join(REPOSITORY, target)))
      .map((target) => `${file} → ${target}`),
  );
  expect(broken).toEqual([]);
});

test('every exported function, class and constant of a library is documented', () => {
  const undocumented = rooms
    .filter(({ path }) => path.startsWith('libs/'))
    .flatMap(({ path, files }) => {
      const index = readSource(`${path}/src/index.ts`);
      const exported = new Set([...index.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list]) => list!.split(',').map((name) => name.trim())));
      return files
        .filter((file) => !isTestFile(file))
        .flatMap((file) =>
          [...readSource(file).matchAll(/(?<!\*\/\n)^export (?:abstract )?(?:async )?(?:function\*? |class |const )(\w+)/gm)]
            .map(([, name]) => name!)
            .filter((name) => exported.has(name))
            .map((name) => `${file}: ${name}`),
        );
    });
  expect(undocumented).toEqual([]);
});
