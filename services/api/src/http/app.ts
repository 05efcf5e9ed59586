import { httpInstrumentationMiddleware } from '@hono/otel';
import { OpenAPIHono } from '@hono/zod-openapi';
import { isLoopback } from '@paceline/shared/clock';
import type { Logger } from '@paceline/shared/telemetry';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { except } from 'hono/combine';
import { addRiderRoutes } from '../routes/add-rider.ts';
import { alertRoutes } from '../routes/alerts.ts';
import { askRunRoutes } from '../routes/ask-run.ts';
import { budgetRoutes } from '../routes/budgets.ts';
import { clockRoutes } from '../routes/clock.ts';
import { clubRoutes } from '../routes/clubs.ts';
import { commandRoutes } from '../routes/commands.ts';
import { coordinationRoutes } from '../routes/coordination.ts';
import { dashboardRoutes } from '../routes/dashboard.ts';
import { docsRoutes } from '../routes/docs.ts';
import { commandRiderRoutes } from '../routes/command-riders.ts';
import { eventRoutes } from '../routes/events.ts';
import { freshnessRoutes } from '../routes/freshness.ts';
import { historyRoutes } from '../routes/history.ts';
import { importPath, importRidersRoutes } from '../routes/import-riders.ts';
import { operationRoutes } from '../routes/operations.ts';
import { queueRoutes } from '../routes/queue.ts';
import { resultRoutes } from '../routes/results.ts';
import { riderHistoryRoutes } from '../routes/rider-history.ts';
import { riderRoutes } from '../routes/riders.ts';
import { runRoutes } from '../routes/runs.ts';
import { scheduleRoutes } from '../routes/schedule.ts';
import type { Services } from '../routes/services.ts';
import { signupRoutes } from '../routes/signups.ts';
import { sourceRoutes } from '../routes/sources.ts';
import { streamRoutes } from '../routes/stream.ts';
import { tellsWindow } from './rate-limit.ts';
import { requireToken, type Tokens } from './auth.ts';
import { clientLimits } from './client-limits.ts';
import { crossOrigin } from './cors.ts';
import { answerError, refuseInvalid } from './errors.ts';
import { etags } from './etag.ts';
import { loopbackNamesOnly } from './host-guard.ts';
import { idempotency } from './idempotency.ts';
import { refuseUnrouted } from './methods.ts';
import { serveOpenApi } from './openapi.ts';
import { ownPagesOnly } from './own-pages.ts';
import { Problem, problemResponse } from './problem.ts';
import { securityHeaders } from './security-headers.ts';
import { longestAnswerMs, timeLimit } from './time-limit.ts';
import { hideUrlSecrets, showTraceId } from './trace-id.ts';

export interface AppSettings {
  /** Where the app will be bound to. */
  readonly host: string;
  /** Undefined: everybody who can reach the app may use it. */
  readonly tokens: Tokens | undefined;
  /** How many requests a second one client may send, where tokens are asked for. */
  readonly requestsPerSecond: number;
  /** Origins of pages that may use it from a browser. */
  readonly origins: readonly string[];
  /** The folder of the built dashboard; without it `/` leads to the API's reader. */
  readonly dashboard: string;
}

/** Asked every few seconds by machines: a trace of each would bury the others. */
const probes = ['/livez', '/readyz', '/metrics'];
/** A browser can't send a token for a page, and these hold no data. */
const open = ['/livez', '/readyz', '/', '/assets/*', '/openapi.json', '/asyncapi.json', '/docs', '/docs/*'];
const largestBody = 64 * 1_024;
/** Ten thousand ids. */
const largestImport = 256 * 1_024;

const resources = [
  riderRoutes,
  riderHistoryRoutes,
  clubRoutes,
  addRiderRoutes,
  importRidersRoutes,
  commandRoutes,
  commandRiderRoutes,
  eventRoutes,
  signupRoutes,
  freshnessRoutes,
  scheduleRoutes,
  resultRoutes,
  runRoutes,
  askRunRoutes,
  coordinationRoutes,
  budgetRoutes,
  sourceRoutes,
  historyRoutes,
  queueRoutes,
  streamRoutes,
  alertRoutes,
  clockRoutes,
  operationRoutes,
];

/** Everything that is served, as one function from request to answer. */
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
  app.use('/v1/riders', tellsWindow(services.windows, services.clock, 'riders_single'));
  app.use(importPath, tellsWindow(services.windows, services.clock, 'riders_bulk'));
  app.use('/v1/*', idempotency(services.keys, log));

  for (const addRoutes of resources) addRoutes(app, services);
  serveOpenApi(app);
  docsRoutes(app);
  dashboardRoutes(app, dashboard);
  const unrouted = refuseUnrouted(app.routes);
  app.notFound((c) => problemResponse(unrouted(c.req.path, c.req.method), c.req.path));
  return app;
}

/** What is there for everybody is limited too. */
function protect(app: OpenAPIHono, tokens: Tokens, requestsPerSecond: number): void {
  const limits = clientLimits(requestsPerSecond);
  app.use(except(open, requireToken(tokens, limits)));
  app.use(async (c, next) => {
    await limits.request(c);
    if (c.req.path === '/v1/stream') limits.stream(c as Context<{ Bindings: HttpBindings }>);
    await next();
  });
}

/** A command is answered when it is stored, however long a slow database takes. */
const isCommand = ({ req }: Context): boolean =>
  req.method === 'POST' && (req.path === '/v1/riders' || req.path === importPath);

const limitBody = (maxSize: number) =>
  bodyLimit({
    maxSize,
    onError: () => {
      // The rest of the body is not read, so nothing else can come on this connection.
      throw new Problem('too-large', `A body may have ${maxSize} bytes`, {
        headers: { connection: 'close' },
      });
    },
  });
