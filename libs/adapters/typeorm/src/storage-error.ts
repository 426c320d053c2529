import { DbError, type ErrorCode } from '@varve/base';
import { QueryFailedError } from 'typeorm';

const MEANINGS: readonly { readonly pattern: RegExp; readonly code: ErrorCode; readonly sentence: string }[] = [
  { pattern: /^SQLITE_FULL/, code: 'STORAGE_FULL', sentence: 'no space is left to write it' },
  { pattern: /^SQLITE_(CORRUPT|NOTADB|IOERR_SHORT_READ)/, code: 'STORAGE_CORRUPT', sentence: 'it is damaged' },
  { pattern: /^SQLITE_(BUSY|LOCKED)/, code: 'STORAGE_LOCKED', sentence: 'it is in use by another process' },
  {
    pattern: /^(SQLITE_(CANTOPEN|READONLY|PERM)|EACCES|EPERM|EROFS|ENOTDIR|EEXIST|EISDIR|ENOENT)/,
    code: 'STORAGE_UNWRITABLE',
    sentence: 'it cannot be opened for writing',
  },
];

/** Any failure of the catalog's file as a DbError that names it. The one place where errors of TypeORM and SQLite are read. */
export function storageError(error: unknown, file: string): DbError {
  if (error instanceof DbError) return error;
  const cause = error instanceof QueryFailedError ? error.driverError : error;
  if (!(cause instanceof Error) || !('code' in cause) || typeof cause.code !== 'string') throw error;
  const code = cause.code;
  const meaning = MEANINGS.find(({ pattern }) => pattern.test(code));
  const sentence = meaning?.sentence ?? 'it could not be read or written';
  return new DbError(
    meaning?.code ?? 'STORAGE_FAILED',
    `catalog file ${file}: ${sentence} (${cause.message})`,
    { file, code },
    { cause: error },
  );
}
