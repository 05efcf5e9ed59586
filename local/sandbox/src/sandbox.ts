import type { HttpBindings } from '@hono/node-server';
import { type Clock, createClock } from '@paceline/shared/clock';
import { Hono } from 'hono';
import { type Arrival, keyName } from './audit/arrival.ts';
import { judge, type Judgement } from './audit/judge.ts';
import { createAuditLog } from './audit/log.ts';
import type { PolicyOverrides, Tier } from './budgets.ts';
import { type Controls, createControls, type Jitter } from './controls.ts';
import type { Enforcement } from './enforcement/counter.ts';
import { createLimiter } from './enforcement/limiter.ts';
import { createFaultQueue } from './faults/queue.ts';
import { controlApi } from './http/control-api.ts';
import { createGate } from './http/gate.ts';
import { listen } from './http/listen.ts';
import { publicApi } from './http/public-api.ts';
import { createWorld } from './world/world.ts';

/** Everything is optional; what is not given is as in the README's table of variables, but for the port. */
export interface SandboxOptions {
  readonly host?: string;
  /** A free port when it is not given. */
  readonly port?: number;
  /** Tier by raw key. */
  readonly keys?: Readonly<Record<string, Tier>>;
  readonly seed?: number;
  readonly enforcement?: Enforcement;
  readonly jitter?: Jitter;
  /** Whether rate-limit headers are sent. */
  readonly headers?: boolean;
  readonly policies?: PolicyOverrides;
  /** Whether answers take as long as upstream's. */
  readonly latency?: boolean;
  readonly auditFile?: string;
  readonly clock?: Clock;
}

export interface Sandbox {
  /** The base URL of the imitated API; it ends in `/api`. */
  readonly url: string;
  readonly controlUrl: string;
  readonly port: number;
  /** The same switches as under `controlUrl`, for those in the same process. */
  readonly controls: Controls;
  audit(): readonly Arrival[];
  judgement(): Judgement[];
  /** Ends everything at once, hanging requests too. */
  close(): Promise<void>;
}

/**
 * Starts an imitation of upstream.
 * @throws when the port is taken or the audit file can't be written
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0, seed = 1, clock = createClock() } = options;
  const { keys = { 'sandbox-key': 'standard' }, enforcement = 'first-hit', policies = {} } = options;
  const { jitter = { minMs: 0, maxMs: 0 }, headers = false, latency = true } = options;

  const audit = createAuditLog(options.auditFile);
  const limiter = createLimiter(enforcement, policies);
  const faults = createFaultQueue();
  const controls = createControls(limiter, faults, jitter);
  const world = createWorld(seed);
  const closing = new AbortController();
  const accounts = new Map(Object.entries(keys).map(([key, tier]) => [key, { key: keyName(key), tier }]));
  const gate = createGate({
    clock,
    seed,
    accounts,
    limiter,
    faults,
    audit,
    jitter: controls.jitter,
    sendsHeaders: headers,
    hasLatency: latency,
    closing: closing.signal,
  });

  const app = new Hono<{ Bindings: HttpBindings }>()
    .get('/livez', (c) => c.text('ok'))
    .route('/control', controlApi({ clock, controls, audit, world }))
    .route('/api', publicApi(gate, world));
  const server = await listen(app, host, port);
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`;

  return {
    url: `${origin}/api`,
    controlUrl: `${origin}/control`,
    port: server.port,
    controls,
    audit: audit.all,
    judgement: () => judge(audit.all()),
    async close() {
      closing.abort();
      await server.close();
      audit.close();
    },
  };
}
