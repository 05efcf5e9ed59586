import { tlsProblem } from '../words.ts';

/** Node's network errors, and Postgres errors for lost connections, shutdown, startup and too many clients. */
const codes =
  /^(ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|08\w{3}|57P0[123]|53300)$/;
/** Errors of the pool and the driver, which have no code. */
const messages =
  /^(timeout exceeded when trying to connect|Connection terminated|Client (has encountered|was closed))/;

/** Whether a query failed because Postgres is unavailable, not because of the query. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && codes.test(String(error.code))) return true;
  return messages.test(error.message) || isDatabaseUnavailable(error.cause);
}

/** Connecting failed, so Postgres never received the query. */
const neverConnected =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|08001|08004|57P03|53300)$/;

/** Whether a failed query certainly never reached Postgres, so it had no effect. */
export function neverReachedDatabase(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && neverConnected.test(String(error.code))) || neverReachedDatabase(error.cause);
}

/** SQLSTATE class 22: a value that its column can't store. */
const badValue = /^22\w{3}$/;

/** Whether a query failed because of one of its values, so a retry cannot succeed. */
export function isBadData(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && badValue.test(String(error.code))) || isBadData(error.cause);
}

/** Rethrows the error; a TLS error with the reason in words. */
export function rethrowExplained(error: unknown): never {
  const refusal = tlsProblem(error);
  if (refusal === undefined) throw error;
  throw new Error(`Database connection failed: ${refusal}`, { cause: error });
}
