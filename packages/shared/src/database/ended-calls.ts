import { isNotNull, sql } from 'drizzle-orm';
import * as tables from './schema/index.ts';

const { durationMs } = tables.syncLogs;

/** The logged calls whose outcome is recorded: others are in progress, or the process that made them died. */
export const endedCalls = { only: isNotNull(durationMs), durationMs: sql<number>`${durationMs}` } as const;
