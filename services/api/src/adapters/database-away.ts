/** Node's network errors, and Postgres' own: connection exceptions, shutting down, starting up, full. */
const awayCodes = /^(ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|08\w{3}|57P0[123]|53300)$/;
/** The pool's and the driver's errors have no code. */
const awayMessages = /^(timeout exceeded when trying to connect|Connection terminated)/;

/** Whether a query failed because Postgres can't be reached now, and not because of the query. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && awayCodes.test(code)) return true;
  return awayMessages.test(error.message) || isDatabaseAway(error.cause);
}
