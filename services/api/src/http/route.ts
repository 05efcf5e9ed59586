import { createRoute, type OpenAPIHono, type RouteConfig, type RouteHandler, z } from '@hono/zod-openapi';
import type { Clock } from '@paceline/shared/clock';
import type { Database } from '@paceline/shared/database';
import type { Checks } from '@paceline/shared/runtime';
import type { ShownAccount } from '../budgets/accounts.ts';
import type { CancelCommand } from '../commands/cancel.ts';
import type { IdempotencyKeys } from '../commands/idempotency.ts';
import type { CommandWatches, SubmitCommand } from '../commands/submit.ts';
import type { Door } from '../door/door.ts';
import type { HealthReader } from '../health/parts.ts';
import type { CountSignups } from '../events/counts.ts';
import type { RefreshPlan } from '../events/freshness.ts';
import type { Peers } from '../peers.ts';
import type { FindRider } from '../riders/find.ts';
import type { Triggers } from '../runs/trigger.ts';
import type { Feed } from '../stream/feed.ts';
import { problems } from './problem.ts';
import type { CurrentWindows } from './rate-limit.ts';
import type { StreamTokens } from './stream-tokens.ts';

export interface Services extends Peers {
  readonly db: Database;
  readonly clock: Clock;
  /** Those whose calls are shown. */
  readonly accounts: readonly ShownAccount[];
  readonly triggers: Triggers;
  readonly findRider: FindRider;
  readonly refreshPlan: () => Promise<RefreshPlan>;
  readonly recentCounts: CountSignups;
  readonly cancelCommand: CancelCommand;
  readonly submitCommand: SubmitCommand;
  readonly watches: CommandWatches;
  readonly keys: IdempotencyKeys;
  readonly windows: CurrentWindows;
  /** The upstreams that programs may call, by name. */
  readonly doors: ReadonlyMap<string, Door>;
  readonly feed: Feed;
  readonly streamTokens: StreamTokens;
  /** URL of a trace, with `:id` as the placeholder. */
  readonly traceUrl: string | undefined;
  readonly checks: () => Checks;
  readonly health: HealthReader;
  /** Aborts when the API shuts down, so that no request keeps waiting. */
  readonly stopping: AbortSignal;
}

export type Endpoint = (app: OpenAPIHono, services: Services) => void;

type HttpMethod = RouteConfig['method'];
type Inputs = NonNullable<RouteConfig['request']>;
type Responses = RouteConfig['responses'];
type EndpointHandler<
  M extends HttpMethod,
  P extends string,
  I extends Inputs,
  R extends Responses,
> = RouteHandler<{
  method: M;
  path: P;
  request: I;
  responses: R;
}>;

interface EndpointDefinition<
  M extends HttpMethod,
  P extends string,
  I extends Inputs,
  R extends Responses,
> extends Omit<RouteConfig, 'method' | 'path' | 'operationId' | 'request' | 'responses'> {
  readonly request?: I;
  readonly responses: R;
  readonly handler: (
    c: Parameters<EndpointHandler<M, P, I, R>>[0],
    services: Services,
  ) => ReturnType<EndpointHandler<M, P, I, R>>;
}

export const endpoint =
  <M extends HttpMethod, P extends string, R extends Responses, I extends Inputs = Record<never, never>>(
    method: M,
    path: P,
    operationId: string,
    { handler, request, ...described }: EndpointDefinition<M, P, I, R>,
  ): Endpoint =>
  (app, services) => {
    // Load balancers and monitors add parameters of their own to probes.
    const isStrict = path.startsWith('/v1/');
    const checked = isStrict ? { ...request, query: onlyKnown(request?.query) } : { ...request };
    const route = createRoute({ method, path, operationId, ...described, request: checked });
    app.openapi(route, ((c: never) => handler(c, services)) as never);
  };

/** A misspelt parameter would otherwise be ignored, and the response would not be what was asked for. */
const onlyKnown = (query: Inputs['query'] = z.object({})) =>
  query instanceof z.ZodObject ? query.strict() : query;

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });

export const jsonOf = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: json(schema),
});

export const jsonBody = <S extends z.ZodType>(schema: S) => ({
  body: { required: true, content: json(schema) },
});

export const jsonResponses = <S extends z.ZodType, P extends number = never>(
  description: string,
  schema: S,
  ...more: readonly P[]
) => ({ 200: jsonOf(description, schema), ...problems<P | 401 | 503>(...more, 401, 503) });
