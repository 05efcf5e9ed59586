import { isDatabaseUnavailable } from '@paceline/shared/database';
import { type Logger, reasonOf, type RepeatedFailure, repeatedFailure } from '@paceline/shared/telemetry';
import type { Context, ErrorHandler, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { TrieRouter } from 'hono/router/trie-router';
import type { z } from 'zod';
import { BrokerUnavailable } from '../broker.ts';
import { CommandQueueFull } from '../commands/queue.ts';
import { obstacleFor, type SystemPart } from '../health/parts.ts';
import { ServiceUnavailable } from '../peers.ts';
import { Problem, problemResponse } from './problem.ts';

const retryAfterSeconds = 5;

export function handleError(log: Logger, parts: () => readonly SystemPart[] = () => []): ErrorHandler {
  const outages = outageLog(log);
  return (error, c) => {
    const problem = problemOf(error, parts());
    if (problem.type === 'unexpected') log.error({ err: error, path: c.req.path }, 'request failed');
    else if (problem.type === 'unavailable') outages(problem.message, error);
    // A client error is not a failure of the server, so its span gets no error status.
    else c.error = undefined;
    return problemResponse(problem, c.req.path);
  };
}

const maxKnownOutages = 100;

/** Logs what is unavailable once a minute: pages that poll would repeat it many times a second. */
function outageLog(log: Logger) {
  const known = new Map<string, RepeatedFailure>();
  return (title: string, error: unknown): void => {
    const outage = known.get(title) ?? repeatedFailure((each) => log.warn({ reason: reasonOf(each) }, title));
    // A title can hold a reason, and reasons are unlimited.
    if (known.size >= maxKnownOutages) known.clear();
    known.set(title, outage);
    outage.failed(error);
  };
}

function problemOf(error: unknown, parts: readonly SystemPart[]): Problem {
  if (error instanceof Problem) return error;
  // A service can be silent because of a part that it needs: that one is named.
  if (error instanceof ServiceUnavailable)
    return unavailable(obstacleFor(parts, error.service) ?? error.message);
  if (error instanceof BrokerUnavailable || error instanceof CommandQueueFull)
    return unavailable(error.message);
  if (isDatabaseUnavailable(error)) return unavailable('The database does not answer');
  if (error instanceof HTTPException && error.status === 415) {
    return new Problem('unsupported-media-type', 'The body must be application/json');
  }
  if (error instanceof HTTPException && error.status === 400) {
    const errors = [{ field: 'body', message: 'must be valid JSON' }];
    return new Problem('invalid-input', 'The body is not valid JSON', { errors });
  }
  return new Problem('unexpected', "Unexpected error; the cause is in the API's log");
}

const unavailable = (detail: string) =>
  new Problem('unavailable', detail, { headers: { 'retry-after': String(retryAfterSeconds) } });

const locations = { json: 'body', param: 'path', query: 'query', header: 'header' } as const;

export function rejectInvalidInput(
  result: { success: true } | { success: false; error: z.core.$ZodError; target: string },
  _c: Context,
): void {
  if (result.success) return;
  const location = locations[result.target as keyof typeof locations] ?? result.target;
  const errors = result.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys' && result.target === 'query')
      return issue.keys.map((field) => ({ field, message: 'is not a parameter of this operation' }));
    return { field: issue.path.join('.') || location, message: messageOf(issue) };
  });
  const summary = errors.map(({ field, message }) => `${field} ${message}`).join('; ');
  throw new Problem('invalid-input', summary, { errors });
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys')
    return `has no ${issue.keys.length === 1 ? 'field' : 'fields'} ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
  const isOwn = issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input');
  return isOwn ? issue.message : `must be ${types[issue.expected] ?? issue.expected}`;
}

const types: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** Returns a function that makes the 404 or 405 of a request that no route handles. */
export function unknownRouteProblem(routes: Hono['routes']): (path: string, method: string) => Problem {
  const methodsAt = new TrieRouter<string>();
  for (const { path, method } of routes) if (method !== 'ALL') methodsAt.add('ALL', path, method);
  return (path, method) => {
    const methods = new Set(methodsAt.match('ALL', path)[0].map(([known]) => known));
    if (methods.size === 0) return new Problem('not-found', `${path} does not exist`);
    if (methods.has('GET')) methods.add('HEAD');
    const allow = [...methods].toSorted().join(', ');
    return new Problem('method-not-allowed', `${method} is not allowed for ${path}; use ${allow}`, {
      headers: { allow },
    });
  };
}
