import { isLoopback } from '@paceline/shared/clock';
import type { MiddlewareHandler } from 'hono';
import { Problem } from './problem.ts';

/**
 * Refuses requests to another host than loopback: a web page whose name was made to point here (DNS rebinding) would
 * otherwise be taken for our own.
 */
export const loopbackNamesOnly: MiddlewareHandler = async (c, next) => {
  const host = c.req.header('host') ?? '';
  if (!namesLoopback(host)) throw new Problem('misdirected', `"${host}" is not served here`);
  await next();
};

function namesLoopback(host: string): boolean {
  try {
    return isLoopback(`http://${host}`);
  } catch {
    return false;
  }
}
