import type { Upstream } from '@paceline/shared/upstreams';
import { createAuditLog } from '../audit.ts';
import { readConfig, type SandboxSettings } from '../config.ts';
import { accountsOf } from '../limiter.ts';
import { listen } from '../listen.ts';
import { type Imitation, upstreamApp } from './app.ts';
import { createCounters } from './counters.ts';
import { judge, type WindowedArrival } from './judge.ts';

type Settings = Pick<
  SandboxSettings,
  'host' | 'port' | 'keys' | 'seed' | 'jitter' | 'latency' | 'auditFile' | 'clock'
>;

/** Defaults are those of the variables in the README, except that the port is a free one. */
export type UpstreamSandboxOptions = Partial<Settings>;

/** Starts an imitation of the upstream of a file. @throws when the port is in use or the audit file can't be written */
export async function startUpstreamSandbox(
  upstream: Upstream,
  imitation: Imitation,
  options: UpstreamSandboxOptions = {},
) {
  const { seed, clock, jitter, ...settings }: Settings = { ...readConfig({}), port: 0, ...options };
  const audit = createAuditLog<WindowedArrival>(settings.auditFile);
  const closing = new AbortController();
  const app = upstreamApp({
    upstream,
    imitation,
    clock,
    seed,
    accounts: accountsOf(settings.keys),
    counters: createCounters(upstream.budgets),
    audit,
    jitter,
    hasLatency: settings.latency,
    closing: closing.signal,
  });
  const { origin, close } = await listen(app.fetch, settings);
  return {
    /** The base URL of the imitated API. */
    url: `${origin}${new URL(upstream.baseUrl).pathname.replace(/\/$/, '')}`,
    controlUrl: `${origin}/control`,
    audit: audit.all,
    judgement: () => judge(audit.all(), upstream),
    async close() {
      closing.abort();
      await close();
      audit.close();
    },
  };
}
