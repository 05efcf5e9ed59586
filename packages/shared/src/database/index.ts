export { inBatches } from './batches.ts';
export {
  asRows,
  type Columns,
  columnValues,
  type Database,
  type DatabaseClient,
  givenRows,
  namesOf,
  openDatabase,
} from './client.ts';
export { endedCalls } from './ended-calls.ts';
export { isBadData, isDatabaseUnavailable, neverReachedDatabase } from './errors.ts';
export { databaseOrigin, markDatabase } from './origin.ts';
export { isOurs, ourRiders } from './ours.ts';
export { DatabaseOutage, type OutageWait, patienceMs, plainError, retryDuringOutage } from './outage.ts';
export { appliedMigrations, knownMigrations, migrate } from './migrate.ts';
export { prepared, preparedSelect } from './prepared.ts';
export { withSession } from './session.ts';
export { findUnreadable, summaryOf } from './unreadable.ts';
export * as tables from './schema/index.ts';
