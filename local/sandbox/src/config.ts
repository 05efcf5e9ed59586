import { createClock } from '@paceline/shared/clock';
import { ConfigError, variables } from '@paceline/shared/config';
import { type Tier, tiers } from '@paceline/shared/definition';
import { z } from 'zod';
import { policyOverrides } from './budgets.ts';
import { jitter } from './gate.ts';
import { enforcements } from './limiter.ts';
import type { SandboxOptions } from './sandbox.ts';

const onOff = z.enum(['on', 'off']).transform((value) => value === 'on');

const keyOfTier = `[^,]+:(?:${tiers.join('|')})`;
const keys = z
  .string()
  .regex(new RegExp(`^${keyOfTier}(?:,${keyOfTier})*$`), 'must look like "some-key:standard,other:premium"')
  .transform((text) => text.split(',').map((pair) => pair.split(/:(?=[^:]*$)/)))
  .transform((pairs) => Object.fromEntries(pairs) as Record<string, Tier>);

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

const environment = z.object({
  SANDBOX_HOST: z.string().min(1).default('127.0.0.1'),
  SANDBOX_PORT: z.coerce.number().int().min(0).max(65_535).default(3010),
  SANDBOX_API_KEYS: keys.prefault('sandbox-key:standard'),
  SANDBOX_SEED: z.coerce.number().int().default(1),
  SANDBOX_ENFORCEMENT: z.enum(enforcements).default('first-hit'),
  SANDBOX_JITTER_MS: jitterRange.prefault('0-0'),
  SANDBOX_HEADERS: onOff.prefault('off'),
  SANDBOX_POLICIES: policies.prefault('{}'),
  SANDBOX_LATENCY: onOff.prefault('on'),
  SANDBOX_AUDIT_FILE: z.string().min(1).optional(),
  PACELINE_CLOCK: variables.PACELINE_CLOCK.schema.transform((setting) => createClock(setting)),
});

/**
 * Reads the sandbox's options from environment variables; an empty variable is as good as none.
 * @throws {ConfigError} with all problems at once
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): SandboxOptions {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const read = environment.safeParse(given);
  if (!read.success) {
    throw new ConfigError(read.error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`));
  }
  const { SANDBOX_AUDIT_FILE: auditFile, ...settings } = read.data;
  return {
    host: settings.SANDBOX_HOST,
    port: settings.SANDBOX_PORT,
    keys: settings.SANDBOX_API_KEYS,
    seed: settings.SANDBOX_SEED,
    enforcement: settings.SANDBOX_ENFORCEMENT,
    jitter: settings.SANDBOX_JITTER_MS,
    headers: settings.SANDBOX_HEADERS,
    policies: settings.SANDBOX_POLICIES,
    latency: settings.SANDBOX_LATENCY,
    clock: settings.PACELINE_CLOCK,
    ...(auditFile === undefined ? {} : { auditFile }),
  };
}
