export { isDatabaseAway } from './away.ts';
export { type Database, type DatabaseClient, openDatabase } from './client.ts';
export { migrate } from './migrate.ts';
export * as tables from './schema/index.ts';
