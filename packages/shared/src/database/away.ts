/** Node's network errors, and Postgres' own: connection exceptions, shutting down or starting up, too many clients. */
const codes = /^(ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|08\w{3}|57P0[123]|53300)$/;
/** The pool and the driver give theirs no code. */
const messages =
  /^(timeout exceeded when trying to connect|Connection terminated|Client (has encountered|was closed))/;

/** Whether a query failed because Postgres can't be reached right now, and not because of the query. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && codes.test(String(error.code))) return true;
  return messages.test(error.message) || isDatabaseAway(error.cause);
}
