import { customType } from 'drizzle-orm/pg-core';

/** Project time: `timestamptz` in the table, ms since the epoch in code. */
export const timestamp = customType<{ data: number; driverData: string | Date }>({
  dataType: () => 'timestamp (3) with time zone',
  toDriver: (ms) => new Date(ms).toISOString(),
  fromDriver: (stored) => new Date(stored).getTime(),
});
