import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { ClientLimits } from './limits.ts';
import { Problem } from './problem.ts';
import { isStreamPath, type StreamTokens, streamTokensPath } from './stream-tokens.ts';

export interface Tokens {
  readonly operator: string;
  readonly viewer: string | undefined;
  /** Of programs, by name. */
  readonly programs: Readonly<Record<string, string>>;
}

/** Who may do what: a program only calls upstreams. Without tokens, everything on this machine is an operator. */
export type Role = 'operator' | 'viewer' | 'program';

declare module 'hono' {
  interface ContextVariableMap {
    caller: string | undefined;
    /** The name of the program; `operator`, or `local` without tokens. */
    program: string;
    role: Role;
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest();
const readMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Addresses that spend calls of an upstream, also by a GET. */
export const upstreamPaths = ['/upstream/*', '/v1/upstreams/*'];
const isUpstreamPath = (path: string): boolean => /^\/(?:upstream|v1\/upstreams)\//.test(path);

/** Without tokens. */
export const localOperator: MiddlewareHandler = (c, next) => {
  c.set('role', 'operator');
  c.set('program', 'local');
  return next();
};

/** Checks the bearer token, or that in the URL of a stream, and what it allows, in constant time. Throws `Problem`. */
export function requireToken(
  { operator, viewer, programs }: Tokens,
  streamTokens: Pick<StreamTokens, 'check'>,
  limits: ClientLimits,
): MiddlewareHandler {
  const expectedOperator = digest(operator);
  const expectedViewer = digest(viewer ?? operator);
  const expectedPrograms = Object.entries(programs).map(([name, token]) => [name, digest(token)] as const);
  return async (c, next) => {
    const [, bearer] = /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '') ?? [];
    const inUrl = bearer === undefined && isStreamPath(c.req.path) ? c.req.query('token') : undefined;
    const token = bearer ?? inUrl;
    const checked = inUrl === undefined ? undefined : streamTokens.check(inUrl);
    if (token === undefined || checked === 'expired') {
      await limits.request(c);
      const detail = token === undefined ? 'No bearer token in the request' : 'The stream token has expired';
      throw new Problem('unauthorized', detail, challenge('Bearer'));
    }
    const tokenDigest = digest(token);
    // A client can create any number of stream tokens, so all of them share the limits of one. None can be guessed.
    const caller = checked === 'valid' ? 'stream token' : tokenDigest.toString('base64url');
    if (checked !== 'valid') await limits.checkGuesses(c, caller);
    const isOperator = bearer !== undefined && timingSafeEqual(tokenDigest, expectedOperator);
    const isViewer =
      checked === 'valid' || (bearer !== undefined && timingSafeEqual(tokenDigest, expectedViewer));
    const [program] = expectedPrograms.filter(([, expected]) => timingSafeEqual(tokenDigest, expected));
    if (!isOperator && !isViewer && !program) {
      await limits.wrongToken(c);
      throw new Problem('unauthorized', 'Invalid token', challenge('Bearer error="invalid_token"'));
    }
    const role: Role = isOperator ? 'operator' : program ? 'program' : 'viewer';
    checkRole(role, c.req.method, c.req.path);
    c.set('caller', caller);
    c.set('role', role);
    c.set('program', program?.[0] ?? role);
    await next();
  };
}

/** @throws {Problem} */
function checkRole(role: Role, method: string, path: string): void {
  const forbidden = (detail: string) =>
    new Problem('forbidden', detail, challenge('Bearer error="insufficient_scope"'));
  if (role === 'program' && !isUpstreamPath(path) && path !== '/v1/upstreams')
    throw forbidden('The token of a program only allows calls of upstreams');
  if (role !== 'viewer') return;
  if (isUpstreamPath(path)) throw forbidden('The viewer token allows no calls of upstreams');
  // A token for streams changes nothing.
  if (!readMethods.has(method) && path !== streamTokensPath) throw forbidden('The viewer token is read-only');
}

const challenge = (value: string) => ({ headers: { 'www-authenticate': value } });
