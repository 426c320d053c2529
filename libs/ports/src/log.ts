/** Structured logging: a constant message, values as fields. One line per event, where it is handled. */
export interface Log {
  debug(message: string, facts?: LogFacts): void;
  info(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts): void;
  error(message: string, facts?: LogFacts): void;
}

export type LogFacts = Readonly<Record<string, unknown>>;

/** Says nothing: for tests and for code whose events nobody asked for. */
export const SILENT_LOG: Log = { debug() {}, info() {}, warn() {}, error() {} };
