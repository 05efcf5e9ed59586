import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { type Clock, createClock } from '@paceline/shared/clock';
import type { Tier } from '@paceline/shared/definition';
import { Hono } from 'hono';
import { type Arrival, createAuditLog, keyName } from './audit.ts';
import type { PolicyOverrides } from './budgets.ts';
import { controlApi, type Controls, createControls } from './control-api.ts';
import { createFaultQueue } from './faults.ts';
import { createGate, type Jitter } from './gate.ts';
import { judge, type Judgement } from './judge.ts';
import { createLimiter, type Enforcement } from './limiter.ts';
import { publicApi } from './public-api.ts';
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
    .route('/control', controlApi(clock, controls, audit, world))
    .route('/api', publicApi(gate, world));
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  await once(server.listen(port, host), 'listening');
  const { port: bound } = server.address() as AddressInfo;
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;

  return {
    url: `${origin}/api`,
    controlUrl: `${origin}/control`,
    port: bound,
    controls,
    audit: audit.all,
    judgement: () => judge(audit.all()),
    async close() {
      closing.abort();
      const closed = once(server.close(), 'close');
      server.closeAllConnections();
      await closed;
      audit.close();
    },
  };
}
