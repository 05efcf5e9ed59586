import { createRoute, type OpenAPIHono, type RouteConfig, type z } from '@hono/zod-openapi';
import type { Clock } from '@paceline/shared/clock';
import type { Database } from '@paceline/shared/database';
import type { Checks } from '@paceline/shared/runtime';
import type { CancelCommand } from '../commands/cancel.ts';
import type { Keys } from '../commands/idempotency.ts';
import type { SubmitCommand } from '../commands/submit.ts';
import type { Peers } from '../peers.ts';
import type { Triggers } from '../runs/trigger.ts';
import type { Feed } from '../stream/feed.ts';
import type { CurrentWindows } from './rate-limit.ts';

export interface Services extends Peers {
  readonly db: Database;
  readonly clock: Clock;
  /** Of the upstream key, as the limiter knows it. */
  readonly account: string;
  readonly triggers: Triggers;
  readonly cancelCommand: CancelCommand;
  readonly submitCommand: SubmitCommand;
  readonly keys: Keys;
  readonly windows: CurrentWindows;
  readonly feed: Feed;
  /** Where a trace is shown, with `:id` in the place of its id. */
  readonly traceUrl: string | undefined;
  readonly checks: Checks;
  /** Aborts when the API shuts down: no request is kept waiting then. */
  readonly stopping: AbortSignal;
}

export type AddRoutes = (app: OpenAPIHono, services: Services) => void;

/** A route of the API, as its OpenAPI document describes it. */
export const route = <
  Method extends RouteConfig['method'],
  Path extends string,
  Description extends Omit<RouteConfig, 'method' | 'path' | 'operationId'>,
>(
  method: Method,
  path: Path,
  operationId: string,
  description: Description,
) => createRoute({ method, path, operationId, ...description });

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });

export const jsonOf = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: json(schema),
});

export const jsonBody = <S extends z.ZodType>(schema: S) => ({
  body: { required: true, content: json(schema) },
});
