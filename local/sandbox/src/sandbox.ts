import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { createAuditLog } from './audit.ts';
import { readConfig, type SandboxSettings } from './config.ts';
import { controlApi, createControls } from './control-api.ts';
import { createFaultQueue } from './faults.ts';
import { createGate } from './gate.ts';
import { judge } from './judge.ts';
import { accountsOf, createLimiter } from './limiter.ts';
import { listen } from './listen.ts';
import { publicApi } from './public-api.ts';
import { createWorld } from './world/world.ts';

/** Defaults are those of the variables in the README, except that the port is a free one. */
export type SandboxOptions = Partial<SandboxSettings>;

export type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

/** Starts an imitation of upstream. @throws when the port is in use or the audit file can't be written */
export async function startSandbox(options: SandboxOptions = {}) {
  const settings = { ...readConfig({}), port: 0, ...options };
  const { seed, clock, upstream, enforcement, policies } = settings;
  const audit = createAuditLog(settings.auditFile);
  const limiter = createLimiter(upstream.budgets, enforcement, policies);
  const faults = createFaultQueue();
  const controls = createControls(limiter, faults, settings);
  const world = createWorld(seed);
  const closing = new AbortController();
  const gate = createGate({
    clock,
    seed,
    accounts: accountsOf(settings.keys),
    limiter,
    faults,
    audit,
    jitter: controls.jitter,
    dialect: controls.dialect,
    sendsHeaders: settings.headers,
    hasLatency: settings.latency,
    closing: closing.signal,
  });

  const app = new Hono<{ Bindings: HttpBindings }>()
    .get('/livez', (c) => c.text('ok'))
    .route('/control', controlApi(clock, controls, audit, world))
    .route('/api', publicApi(upstream, gate, world, controls.quirks));
  const { origin, port, close } = await listen(app.fetch, settings);
  return {
    /** The base URL of the imitated API. */
    url: `${origin}/api`,
    controlUrl: `${origin}/control`,
    port,
    /** The same controls as under `controlUrl`, for use in the same process. */
    controls,
    audit: audit.all,
    judgement: () => judge(audit.all()),
    async close() {
      closing.abort();
      await close();
      audit.close();
    },
  };
}
