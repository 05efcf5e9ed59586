import { tlsProblem } from '../words.ts';

/** Codes of Node's network errors: no connection, or a broken one. */
const network =
  /^(ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|ENETRESET)$/;
/** SQLSTATEs of a server that ended the session or refuses a new one: starting, stopping, full, login refused. */
const disconnected = /^(08\w{3}|57P0[1-5]|25P0[34]|53300|28\w{3}|3D000)$/;
/** SQLSTATEs of a server that can't do the work now: read-only, no space, a standby, a lock, its own time-outs. */
const unable = /^(25006|25P02|53100|53200|58030|40001|40P01|55P03|57014)$/;
/** Errors of the pool and the driver, which have no code. */
const messages =
  /^(timeout exceeded when trying to connect|timeout expired|Query read timeout|Connection terminated|Client (has encountered|was closed))/;

/** Whether an error, or one of its causes, is of a kind. */
const has = (error: unknown, is: (error: Error, code: string) => boolean): boolean =>
  error instanceof Error && (is(error, 'code' in error ? String(error.code) : '') || has(error.cause, is));

/** Whether a query failed because Postgres is unavailable, not because of the query: the same query can succeed later. */
export const isDatabaseUnavailable = (error: unknown): boolean =>
  has(
    error,
    ({ message }, code) =>
      [network, disconnected, unable].some((codes) => codes.test(code)) || messages.test(message),
  );

/** SQLSTATEs that only a new connection gets. */
const neverConnected = /^(08001|08004|57P03|53300|28\w{3}|3D000)$/;
/** System calls before the first byte is sent. A broken connection has the same codes, but another system call. */
const connecting = /^(connect|getaddrinfo)$/;

/** Whether a failed query certainly never reached Postgres, so it had no effect. */
export const neverReachedDatabase = (error: unknown): boolean =>
  has(
    error,
    (each, code) =>
      neverConnected.test(code) ||
      (network.test(code) && 'syscall' in each && connecting.test(String(each.syscall))),
  );

/** SQLSTATE class 22: a value that its column can't store. */
const badValue = /^22\w{3}$/;

/** Whether a query failed because of one of its values, so a retry cannot succeed. */
export const isBadData = (error: unknown): boolean => has(error, (_, code) => badValue.test(code));

/** Whether a query failed because its table does not exist: not provisioned, or by an earlier version. */
export const isUnknownTable = (error: unknown): boolean => has(error, (_, code) => code === '42P01');

/** Rethrows the error; a TLS error gets a readable reason. */
export function rethrowExplained(error: unknown): never {
  const refusal = tlsProblem(error);
  if (refusal === undefined) throw error;
  throw new Error(`Database connection failed: ${refusal}`, { cause: error });
}
