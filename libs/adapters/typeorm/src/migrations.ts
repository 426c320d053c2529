import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Append only: a file remembers the names of those it went through. TypeORM wants a timestamp at the end of a name. */
class CreateTables implements MigrationInterface {
  readonly name = 'CreateTables1767225600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), applied_index INTEGER NOT NULL, applied_term INTEGER NOT NULL, catalog TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT',
    );
    await runner.query(
      'CREATE TABLE audit (log_index INTEGER PRIMARY KEY, at_ms REAL NOT NULL, proposer TEXT NOT NULL, kind TEXT NOT NULL, command TEXT NOT NULL) STRICT',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit');
    await runner.query('DROP TABLE snapshot');
  }
}

/** Rows that are there keep their checksum: an empty text adds nothing to it. */
class AddMembership implements MigrationInterface {
  readonly name = 'AddMembership1795910400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE snapshot ADD COLUMN membership TEXT NOT NULL DEFAULT ''");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE snapshot DROP COLUMN membership');
  }
}

/** A row for each database, so that only those that have changed are written again. Rows that are there keep their checksum. */
class AddDatabases implements MigrationInterface {
  readonly name = 'AddDatabases1795996800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE snapshot_database (id INTEGER PRIMARY KEY, document TEXT NOT NULL) STRICT');
    await runner.query("ALTER TABLE snapshot ADD COLUMN databases TEXT NOT NULL DEFAULT ''");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE snapshot DROP COLUMN databases');
    await runner.query('DROP TABLE snapshot_database');
  }
}

export const MIGRATIONS: readonly (new () => MigrationInterface)[] = [CreateTables, AddMembership, AddDatabases];
export const MIGRATION_NAMES: readonly string[] = MIGRATIONS.map((each) => new each().name!);
