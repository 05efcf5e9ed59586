import type { HttpBindings } from '@hono/node-server';
import { httpInstrumentationMiddleware } from '@hono/otel';
import { OpenAPIHono } from '@hono/zod-openapi';
import { isLoopback } from '@paceline/shared/clock';
import { activeSpan, currentTraceContext, type Logger, redactUrl } from '@paceline/shared/telemetry';
import type { Context, MiddlewareHandler } from 'hono';
import { except } from 'hono/combine';
import { alertRoutes } from '../alerts/route.ts';
import { budgetRoutes } from '../budgets/route.ts';
import { clubRoutes } from '../clubs/route.ts';
import { acceptRoutes, importPath } from '../commands/accept.ts';
import { idempotency } from '../commands/idempotency.ts';
import { commandRoutes } from '../commands/route.ts';
import { doorPath, doorRoutes } from '../door/route.ts';
import { coordinationRoutes } from '../coordination/route.ts';
import { eventRoutes } from '../events/route.ts';
import { freshnessRoutes } from '../freshness/route.ts';
import { healthRoutes } from '../health/route.ts';
import { operationRoutes } from '../operations/route.ts';
import { permitRoutes } from '../permits/route.ts';
import { riderRoutes } from '../riders/route.ts';
import { riderEventRoutes } from '../riders/events.ts';
import { failureRoutes } from '../failures/route.ts';
import { runRoutes } from '../runs/route.ts';
import { scheduleRoutes } from '../schedule/route.ts';
import { sourceRoutes } from '../sources/route.ts';
import { streamRoutes } from '../stream/route.ts';
import { localOperator, requireToken, type Tokens, upstreamPaths } from './auth.ts';
import {
  blockCrossOriginChanges,
  blockCrossOriginReads,
  crossOrigin,
  loopbackHostsOnly,
  securityHeaders,
} from './browser.ts';
import { handleError, rejectInvalidInput, unknownRouteProblem } from './errors.ts';
import { etags } from './etag.ts';
import { clientLimits, limitBody, maxResponseMs, timeLimit } from './limits.ts';
import { specRoutes } from './openapi.ts';
import { dashboardRoutes, docsRoutes } from './pages.ts';
import { problemResponse } from './problem.ts';
import { rateLimitHeaders } from './rate-limit.ts';
import type { Endpoint, Services } from './route.ts';
import { isStreamPath, streamTokensPath } from './stream-tokens.ts';

const addTraceIdHeader: MiddlewareHandler = async (c, next) => {
  await next();
  const [, traceId] = currentTraceContext().traceparent?.split('-') ?? [];
  if (traceId !== undefined) c.res.headers.set('x-trace-id', traceId);
};

/** Keeps a token that was sent in the URL, where it does not belong, out of the trace. */
const redactUrlInTrace: MiddlewareHandler = (c, next) => {
  activeSpan()?.setAttribute('url.full', redactUrl(c.req.url));
  return next();
};

export interface AppSettings {
  readonly host: string;
  readonly tokens: Tokens | undefined;
  readonly requestsPerSecond: number;
  readonly origins: readonly string[];
  readonly dashboard: string;
}

/** Machines call these every few seconds: their traces would bury all others. */
const probes = ['/livez', '/readyz', '/metrics'];
/** Need no token: a browser can't send one for a page, and none of these contains data. */
const openPaths = [
  '/livez',
  '/readyz',
  '/',
  '/assets/*',
  '/openapi.json',
  '/asyncapi.json',
  '/docs',
  '/docs/*',
];
const maxBodyBytes = 64 * 1_024;
/** Enough for ten thousand rider ids. */
const maxImportBytes = 256 * 1_024;
/** Held in memory until the call has its permit. */
const maxCallBytes = 1_024 * 1_024;

const endpoints: readonly Endpoint[] = [
  riderRoutes,
  riderEventRoutes,
  clubRoutes,
  acceptRoutes,
  commandRoutes,
  eventRoutes,
  freshnessRoutes,
  scheduleRoutes,
  runRoutes,
  failureRoutes,
  coordinationRoutes,
  budgetRoutes,
  sourceRoutes,
  permitRoutes,
  streamRoutes,
  alertRoutes,
  operationRoutes,
  healthRoutes,
].flat();

export function createApp(services: Services, settings: AppSettings, log: Logger): OpenAPIHono {
  const { host, tokens, requestsPerSecond, origins, dashboard } = settings;
  const app = new OpenAPIHono({ defaultHook: rejectInvalidInput });
  app.onError(handleError(log, services.health.parts));
  app.use(securityHeaders);
  app.use(except(probes, httpInstrumentationMiddleware()));
  app.use(redactUrlInTrace);
  app.use(addTraceIdHeader);
  if (isLoopback(`http://${host.includes(':') ? `[${host}]` : host}`)) app.use(loopbackHostsOnly);
  if (origins.length > 0) app.use(crossOrigin(origins));
  if (tokens) protect(app, tokens, services, requestsPerSecond);
  else {
    app.use(localOperator, blockCrossOriginChanges(origins));
    for (const path of upstreamPaths) app.use(path, blockCrossOriginReads(origins));
  }
  app.use(except(['/v1/stream', ...upstreamPaths, isCommand], timeLimit(maxResponseMs)));
  app.use(except([importPath, doorPath], limitBody(maxBodyBytes)));
  app.use(doorPath, limitBody(maxCallBytes));
  app.use(importPath, limitBody(maxImportBytes));
  app.use('/v1/*', etags);
  app.use('/v1/riders', rateLimitHeaders(services.windows, services.clock, 'riders_single'));
  app.use(importPath, rateLimitHeaders(services.windows, services.clock, 'riders_bulk'));
  // A replayed token could have expired.
  app.use('/v1/*', except([streamTokensPath, ...upstreamPaths], idempotency(services.keys, log)));

  for (const add of endpoints) add(app, services);
  doorRoutes(app, services);
  specRoutes(app);
  docsRoutes(app);
  dashboardRoutes(app, dashboard);
  const unknownRoute = unknownRouteProblem(app.routes);
  app.notFound((c) => problemResponse(unknownRoute(c.req.path, c.req.method), c.req.path));
  return app;
}

function protect(
  app: OpenAPIHono,
  tokens: Tokens,
  { streamTokens }: Services,
  requestsPerSecond: number,
): void {
  const limits = clientLimits(requestsPerSecond);
  app.use(except(openPaths, requireToken(tokens, streamTokens, limits)));
  app.use(async (c, next) => {
    await limits.request(c);
    if (isStreamPath(c.req.path)) limits.stream(c as Context<{ Bindings: HttpBindings }>);
    await next();
  });
}

const isCommand = ({ req }: Context): boolean =>
  req.method === 'POST' && (req.path === '/v1/riders' || req.path === importPath);
