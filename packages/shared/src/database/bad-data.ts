/** SQLSTATE class 22: a value that its column can't hold, however often it is tried. */
const codes = /^22\w{3}$/;

/** Whether a query failed because of a value in it, and not because of its text or of Postgres. */
export function isBadData(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && codes.test(String(error.code))) || isBadData(error.cause);
}
