import { DrizzleQueryError } from 'drizzle-orm';

/** What went wrong, without the query and all of its values: a page of riders belongs in no log and no message. */
export function plainError(error: unknown): Error {
  if (error instanceof DrizzleQueryError && error.cause) return error.cause;
  return error instanceof Error ? error : new Error(String(error));
}
