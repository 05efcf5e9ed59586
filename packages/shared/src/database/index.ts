export { asRows } from './client.ts';
export { isDatabaseAway, neverArrived } from './errors.ts';
export { isBadData } from './errors.ts';
export { type Database, type DatabaseClient, openDatabase } from './client.ts';
export { appliedMigrations, knownMigrations, migrate } from './migrate.ts';
export * as tables from './schema/index.ts';
