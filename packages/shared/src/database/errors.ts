import { tlsProblem } from '../words.ts';

/** Node's network errors, and Postgres' own: connection exceptions, shutting down or starting up, too many clients. */
const codes =
  /^(ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|08\w{3}|57P0[123]|53300)$/;
/** The pool and the driver give theirs no code. */
const messages =
  /^(timeout exceeded when trying to connect|Connection terminated|Client (has encountered|was closed))/;

/** Whether a query failed because Postgres can't be reached right now, and not because of the query. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && codes.test(String(error.code))) return true;
  return messages.test(error.message) || isDatabaseUnavailable(error.cause);
}

/** No connection could be made, so Postgres has never seen the query. */
const unconnected = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|08001|08004|57P03|53300)$/;

/** Whether a query that failed because Postgres is away certainly did not reach it: nothing can have come of it. */
export function neverReachedDatabase(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && unconnected.test(String(error.code))) || neverReachedDatabase(error.cause);
}

/** SQLSTATE class 22: a value that its column can't hold, however often it is tried. */
const badValue = /^22\w{3}$/;

/** Whether a query failed because of a value in it, and not because of its text or of Postgres. */
export function isBadData(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && badValue.test(String(error.code))) || isBadData(error.cause);
}

/** Throws the error as it is, or, when TLS keeps us from the database, why in words. */
export function rethrowExplained(error: unknown): never {
  const refusal = tlsProblem(error);
  if (refusal === undefined) throw error;
  throw new Error(`The database is not connected to: ${refusal}`, { cause: error });
}
