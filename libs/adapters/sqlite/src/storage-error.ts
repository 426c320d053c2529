import { DbError, type ErrorCode } from '@varve/base';

/** What of SQLite's and the file system's failures means something to a caller; all others are STORAGE_FAILED. */
const MEANINGS: readonly {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly sentence: (path: string) => string;
}[] = [
  {
    pattern: /^(SQLITE_FULL|ENOSPC|EDQUOT)$/,
    code: 'STORAGE_FULL',
    sentence: (path) => `no space is left to write ${path}`,
  },
  {
    pattern: /^SQLITE_(CORRUPT|NOTADB|IOERR_SHORT_READ|IOERR_CORRUPTFS|ERROR$)/, // ERROR: its tables are not ours
    code: 'STORAGE_CORRUPT',
    sentence: (path) => `${path} is damaged`,
  },
  {
    pattern: /^SQLITE_(BUSY|LOCKED)/,
    code: 'STORAGE_LOCKED',
    sentence: (path) => `${path} is in use by another process`,
  },
  {
    pattern: /^(SQLITE_(CANTOPEN|READONLY|PERM)|EACCES|EPERM|EROFS|ENOTDIR|EEXIST|EISDIR|ENOENT)/,
    code: 'STORAGE_UNWRITABLE',
    sentence: (path) => `${path} cannot be opened for writing`,
  },
];

/**
 * Any failure of storage as a DbError that names the file. The one place where errors of SQLite and of the file system
 * are read. What is neither is a bug of ours and is thrown on.
 */
export function storageError(error: unknown, path: string): DbError {
  if (error instanceof DbError) return error;
  const { code, message } = foreignError(error);
  const meaning = MEANINGS.find(({ pattern }) => pattern.test(code));
  const sentence = meaning?.sentence(path) ?? `${path} could not be read or written`;
  return new DbError(meaning?.code ?? 'STORAGE_FAILED', `${sentence} (${message})`, { path, code }, { cause: error });
}

/** Does something with a file; what fails there fails with a DbError that names the file. */
export function inFile<Value>(path: string, act: () => Value): Value {
  try {
    return act();
  } catch (error) {
    throw storageError(error, path);
  }
}

/** SqliteError and the errors of node:fs both carry their kind as text in `code`. */
function foreignError(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string')
    return { code: error.code, message: error.message };
  throw error;
}
