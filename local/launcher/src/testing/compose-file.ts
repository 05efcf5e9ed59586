import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { root } from '../state.ts';

const environment = z.record(z.string(), z.string().nullable());
const healthcheck = z.strictObject({
  test: z.array(z.string()),
  interval: z.string(),
  timeout: z.string(),
  start_period: z.string(),
});
const dependency = z.strictObject({
  condition: z.enum(['service_healthy', 'service_completed_successfully']),
  required: z.boolean().default(true),
});

/** A service with only those keys of the Compose Specification that are used here, so that a typo is an error. */
const service = z.strictObject({
  image: z.string().optional(),
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  pull_policy: z.enum(['never']).optional(),
  profiles: z.array(z.string()).default([]),
  command: z.array(z.string()).default([]),
  env_file: z.array(z.strictObject({ path: z.string(), required: z.literal(false) })).default([]),
  environment: environment.default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  configs: z.array(z.strictObject({ source: z.string(), target: z.string() })).default([]),
  networks: z.record(z.string(), z.strictObject({ aliases: z.array(z.string()) })).optional(),
  depends_on: z.record(z.string(), dependency).default({}),
  healthcheck: healthcheck.optional(),
  logging: z
    .strictObject({
      driver: z.literal('json-file'),
      options: z.strictObject({ 'max-size': z.string(), 'max-file': z.string() }),
    })
    .optional(),
  restart: z.enum(['unless-stopped']).optional(),
  stop_grace_period: z.string().optional(),
  init: z.boolean().optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
});

const composeFile = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()).default({}),
  configs: z.record(z.string(), z.strictObject({ content: z.string() })).default({}),
});

export type ComposeFile = z.infer<typeof composeFile>;
export type ComposeService = z.infer<typeof service>;

/** Reads a file by its path from the root of the repository. */
export const readText = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

/**
 * Reads a compose file as Compose would, without its `x-…` parts.
 * @param env the only source for `${VARIABLES}`
 * @throws on an unknown key or a missing required variable
 */
export async function readCompose(path: string, env: Record<string, string> = {}): Promise<ComposeFile> {
  const document = JSON.stringify(parse(await readText(path), { merge: true }));
  const filled = JSON.parse(document, (_, value: unknown) =>
    typeof value === 'string' ? interpolate(value, env) : value,
  ) as Record<string, unknown>;
  const ours = Object.entries(filled).filter(([key]) => !key.startsWith('x-'));
  return composeFile.parse(Object.fromEntries(ours));
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?reason}`. */
const interpolate = (text: string, env: Record<string, string>): string =>
  text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind?: string, rest?: string) => {
    if (env[name]) return env[name];
    if (kind === '?') throw new Error(`${name} must be set: ${rest}`);
    return rest ?? '';
  });

/**
 * Reads the configuration of services from these environments, all in one process, since loading their modules is slow.
 * @returns the variables that each service which succeeded has read, and the errors
 */
export function readConfigs(environments: ReadonlyArray<readonly [string, Record<string, string | null>]>): {
  stderr: string;
  read: Record<string, string[]>;
} {
  const script = `
    for (const [name, env] of ${JSON.stringify(environments)}) {
      const read = new Set();
      process.env = new Proxy(env, { get: (values, key) => (read.add(String(key)), values[key]) });
      (await import('./services/' + name + '/src/config.ts')).readConfig();
      console.log(JSON.stringify([name, [...read]]));
    }`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    env: {},
    encoding: 'utf8',
  });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { stderr, read: Object.fromEntries(lines.map((line) => JSON.parse(line) as [string, string[]])) };
}

/** The longest shutdown of a service after its delay, ms: it drains, closes and flushes telemetry, one after the other. */
export async function shutdownMs(service: string): Promise<number> {
  const source = await readText('packages/shared/src/runtime/run-service.ts');
  const limits = [...source.matchAll(/(?:drainMs|closeMs|telemetryMs) = ([\d_]+)/g)];
  const own = await readText(`services/${service}/src/service.ts`);
  if (limits.length !== 3 || own.includes('drainMs')) throw new Error('the limits of a shutdown have moved');
  return limits.reduce((sum, [, ms = '']) => sum + Number(ms.replaceAll('_', '')), 0);
}
