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
import { coordinationRoutes } from '../coordination/route.ts';
import { eventRoutes } from '../events/route.ts';
import { freshnessRoutes } from '../freshness/route.ts';
import { operationRoutes } from '../operations/route.ts';
import { riderRoutes } from '../riders/route.ts';
import { runRoutes } from '../runs/route.ts';
import { scheduleRoutes } from '../schedule/route.ts';
import { sourceRoutes } from '../sources/route.ts';
import { streamRoutes } from '../stream/route.ts';
import { requireToken, type Tokens } from './auth.ts';
import { crossOrigin, loopbackNamesOnly, ownPagesOnly, securityHeaders } from './browser.ts';
import { answerError, refuseInvalid, refuseUnrouted } from './errors.ts';
import { etags } from './etag.ts';
import { clientLimits, limitBody, longestAnswerMs, timeLimit } from './limits.ts';
import { serveOpenApi } from './openapi.ts';
import { dashboardRoutes, docsRoutes } from './pages.ts';
import { problemResponse } from './problem.ts';
import { rateLimitHeaders } from './rate-limit.ts';
import type { Endpoint, Services } from './route.ts';

const showTraceId: MiddlewareHandler = async (c, next) => {
  await next();
  const [, traceId] = currentTraceContext().traceparent?.split('-') ?? [];
  if (traceId !== undefined) c.res.headers.set('x-trace-id', traceId);
};

/** A token has no place in a URL; where somebody put one all the same, the trace does not pass it on. */
const hideUrlSecrets: MiddlewareHandler = (c, next) => {
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

/** Asked every few seconds by machines: a trace of each would bury the others. */
const probes = ['/livez', '/readyz', '/metrics'];
/** A browser can't send a token for a page, and these hold no data. */
const open = ['/livez', '/readyz', '/', '/assets/*', '/openapi.json', '/asyncapi.json', '/docs', '/docs/*'];
const largestBody = 64 * 1_024;
/** Ten thousand ids. */
const largestImport = 256 * 1_024;

const endpoints: readonly Endpoint[] = [
  riderRoutes,
  clubRoutes,
  acceptRoutes,
  commandRoutes,
  eventRoutes,
  freshnessRoutes,
  scheduleRoutes,
  runRoutes,
  coordinationRoutes,
  budgetRoutes,
  sourceRoutes,
  streamRoutes,
  alertRoutes,
  operationRoutes,
].flat();

export function createApp(services: Services, settings: AppSettings, log: Logger): OpenAPIHono {
  const { host, tokens, requestsPerSecond, origins, dashboard } = settings;
  const app = new OpenAPIHono({ defaultHook: refuseInvalid });
  app.onError(answerError(log));
  app.use(securityHeaders);
  app.use(except(probes, httpInstrumentationMiddleware()));
  app.use(hideUrlSecrets);
  app.use(showTraceId);
  if (isLoopback(`http://${host.includes(':') ? `[${host}]` : host}`)) app.use(loopbackNamesOnly);
  if (origins.length > 0) app.use(crossOrigin(origins));
  if (tokens) protect(app, tokens, requestsPerSecond);
  else app.use(ownPagesOnly(origins));
  app.use(except(['/v1/stream', isCommand], timeLimit(longestAnswerMs)));
  app.use(except(importPath, limitBody(largestBody)));
  app.use(importPath, limitBody(largestImport));
  app.use('/v1/*', etags);
  app.use('/v1/riders', rateLimitHeaders(services.windows, services.clock, 'riders_single'));
  app.use(importPath, rateLimitHeaders(services.windows, services.clock, 'riders_bulk'));
  app.use('/v1/*', idempotency(services.keys, log));

  for (const add of endpoints) add(app, services);
  serveOpenApi(app);
  docsRoutes(app);
  dashboardRoutes(app, dashboard);
  const unrouted = refuseUnrouted(app.routes);
  app.notFound((c) => problemResponse(unrouted(c.req.path, c.req.method), c.req.path));
  return app;
}

function protect(app: OpenAPIHono, tokens: Tokens, requestsPerSecond: number): void {
  const limits = clientLimits(requestsPerSecond);
  app.use(except(open, requireToken(tokens, limits)));
  app.use(async (c, next) => {
    await limits.request(c);
    if (c.req.path === '/v1/stream') limits.stream(c as Context<{ Bindings: HttpBindings }>);
    await next();
  });
}

const isCommand = ({ req }: Context): boolean =>
  req.method === 'POST' && (req.path === '/v1/riders' || req.path === importPath);
