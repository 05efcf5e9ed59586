import { createClock } from '@paceline/shared/clock';
import { ConfigError, port, variables, wholeNumber } from '@paceline/shared/config';
import { type Tier, tiers } from '@paceline/shared/definition';
import type { SyncUpstream } from '@paceline/shared/upstreams';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { z } from 'zod';
import { enforcements, policyOverrides } from './limiter.ts';
import { waitForms } from './dialect.ts';
import { jitter } from './gate.ts';
import { quirks } from './quirks.ts';

const onOff = z.enum(['on', 'off'], 'must be on or off').transform((value) => value === 'on');

const keyOfTier = `[^,]+:(?:${tiers.join('|')})`;
const keys = z
  .string()
  .regex(new RegExp(`^${keyOfTier}(?:,${keyOfTier})*$`), 'must look like "some-key:standard,other:premium"')
  .transform((text) => text.split(',').map((pair) => pair.split(/:(?=[^:]*$)/)))
  .transform((pairs) => Object.fromEntries(pairs) as Readonly<Record<string, Tier>>);

const jitterRange = z
  .string()
  .regex(/^\d+-\d+$/, 'must look like "0-200"')
  .transform((text) => text.split('-').map(Number))
  .transform(([minMs, maxMs]) => ({ minMs, maxMs }))
  .pipe(jitter);

const policies = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue('must be JSON');
      return z.NEVER;
    }
  })
  .pipe(policyOverrides);

const quirkList = z
  .string()
  .transform((text) => text.split(',').filter((name) => name !== ''))
  .pipe(quirks);

const environment = z
  .object({
    SANDBOX_HOST: z.string().min(1).default('127.0.0.1'),
    SANDBOX_PORT: port.default(3010),
    SANDBOX_API_KEYS: keys.prefault('sandbox-key:standard'),
    SANDBOX_SEED: wholeNumber(0).default(1),
    SANDBOX_ENFORCEMENT: z.enum(enforcements, `must be ${enforcements.join(' or ')}`).default('first-hit'),
    SANDBOX_JITTER_MS: jitterRange.prefault('0-0'),
    SANDBOX_HEADERS: onOff.prefault('off'),
    SANDBOX_RETRY_AFTER: z.enum(waitForms).default('body'),
    SANDBOX_ADVERTISES: z.string().default(''),
    SANDBOX_POLICIES: policies.prefault('{}'),
    SANDBOX_LATENCY: onOff.prefault('on'),
    SANDBOX_QUIRKS: quirkList.prefault('escaped-names'),
    SANDBOX_AUDIT_FILE: z.string().min(1).optional(),
    PACELINE_CLOCK: variables.PACELINE_CLOCK.schema.transform((setting) => createClock(setting)),
  })
  .transform((read) => ({
    host: read.SANDBOX_HOST,
    port: read.SANDBOX_PORT,
    keys: read.SANDBOX_API_KEYS,
    seed: read.SANDBOX_SEED,
    enforcement: read.SANDBOX_ENFORCEMENT,
    jitter: read.SANDBOX_JITTER_MS,
    headers: read.SANDBOX_HEADERS,
    /** How a wait is named, and the policy that every answer advertises. */
    dialect: { retryAfter: read.SANDBOX_RETRY_AFTER, advertises: read.SANDBOX_ADVERTISES },
    policies: read.SANDBOX_POLICIES,
    /** Whether responses are as slow as upstream's. */
    latency: read.SANDBOX_LATENCY,
    quirks: read.SANDBOX_QUIRKS,
    auditFile: read.SANDBOX_AUDIT_FILE,
    clock: read.PACELINE_CLOCK,
  }));

export type SandboxSettings = Readonly<z.output<typeof environment>> & {
  /** What the file of ZwiftRacing says. */
  readonly upstream: SyncUpstream;
};

/** @throws {ConfigError} listing every problem */
export function readConfig(env: Readonly<Record<string, string | undefined>>): SandboxSettings {
  const nonEmpty = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const read = environment.safeParse(nonEmpty);
  if (read.success) return { ...read.data, upstream: loadUpstreams(env).zwiftracing };
  throw new ConfigError(read.error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`));
}
