export { asRows, type Database, type DatabaseClient, openDatabase } from './client.ts';
export { endedCalls } from './ended-calls.ts';
export { isBadData, isDatabaseUnavailable, neverReachedDatabase } from './errors.ts';
export { databaseOrigin, markDatabase } from './origin.ts';
export { DatabaseOutage, type OutageWait, patienceMs, plainError, retryDuringOutage } from './outage.ts';
export { appliedMigrations, knownMigrations, migrate } from './migrate.ts';
export { withSession } from './session.ts';
export { findUnreadable, summaryOf } from './unreadable.ts';
export * as tables from './schema/index.ts';
