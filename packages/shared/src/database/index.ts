export { asRows } from './as-rows.ts';
export { isDatabaseAway, neverArrived } from './away.ts';
export { isBadData } from './bad-data.ts';
export { type Database, type DatabaseClient, openDatabase } from './client.ts';
export { appliedMigrations, knownMigrations, migrate } from './migrate.ts';
export * as tables from './schema/index.ts';
