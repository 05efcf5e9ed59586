import type { z } from 'zod';
import { type ClockSetting, isLoopback, isSandboxUrl } from '../clock/index.ts';
import { isPair, otlpProblems } from './addresses.ts';
import { type VariableName, variables } from './variables.ts';
import type { Upstreams } from '../upstreams/index.ts';
import { readUpstreams } from '../upstreams/load.ts';
import { ConfigError } from './error.ts';

/** `UPSTREAMS` names files: its value is what they say. */
type Value<Name extends VariableName> = Name extends 'UPSTREAMS'
  ? Upstreams
  : z.infer<(typeof variables)[Name]['schema']>;

/** The variables of a service, by name: required and optional ones. */
export type Config<Needed extends VariableName, Optional extends VariableName = never> = {
  readonly [Name in Needed]: Value<Name>;
} & { readonly [Name in Optional]?: Value<Name> };

/**
 * Reads variables; an empty one counts as unset.
 * @param judge finds more problems in the values that could be read
 * @throws {ConfigError} naming every problem, never a value
 */
export function loadConfig<Needed extends VariableName, Optional extends VariableName = never>(
  env: NodeJS.ProcessEnv,
  needed: readonly Needed[],
  optional: readonly Optional[] = [],
  judge: (values: Partial<Config<Needed>>) => readonly string[] = () => [],
): Config<Needed, Optional> {
  const values: Record<string, unknown> = {};
  const names = new Set<VariableName>([...needed, ...optional]);
  const problems: string[] = [];
  const read = (name: VariableName, isOptional: boolean) => {
    const text = env[name] === '' ? undefined : env[name];
    if (text === undefined && isOptional) return;
    const parsed = variables[name].schema.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else if (text === undefined) problems.push(`${name} is missing: ${variables[name].description}`);
    else problems.push(`${name} ${parsed.error.issues.map((issue) => issue.message).join('; ')}`);
  };
  for (const name of needed) read(name, false);
  for (const name of optional) read(name, true);
  problems.push(...contradictions(values, (name) => names.has(name) && Boolean(env[name])));
  problems.push(...otlpProblems(env));
  if (names.has('UPSTREAMS')) {
    const { upstreams, problems: mistakes } = readUpstreams(env);
    values.UPSTREAMS = mistakes.length > 0 ? undefined : upstreams;
    problems.push(...mistakes);
  }
  problems.push(...judge(values as Partial<Config<Needed>>));
  if (problems.length > 0) throw new ConfigError(problems);
  return values as Config<Needed, Optional>;
}

const pairs = [
  ['NATS_TLS_CERT', 'NATS_TLS_KEY'],
  ['API_TLS_CERT', 'API_TLS_KEY'],
] as const;

/** Values that are valid on their own but not together. */
function contradictions(
  values: Partial<Record<VariableName, unknown>>,
  isGiven: (name: VariableName) => boolean,
): string[] {
  const problems: string[] = [];
  const clock = values.PACELINE_CLOCK as ClockSetting | undefined;
  const upstream = values.ZWIFTRACING_BASE_URL as string | undefined;
  if (clock && clock.scale !== 1 && upstream && !isSandboxUrl(upstream)) {
    problems.push(
      'PACELINE_CLOCK can only speed up time when ZWIFTRACING_BASE_URL is on loopback or under .test',
    );
  }
  if (values.NATS_URL && values.PACELINE_BROKERS === 3) {
    problems.push('PACELINE_BROKERS starts local brokers, so it cannot be combined with NATS_URL');
  }
  if (values.NATS_REPLICAS === 3 && !values.NATS_URL && values.PACELINE_BROKERS === 1) {
    problems.push(
      'NATS_REPLICAS=3 needs three brokers: set PACELINE_BROKERS=3, or point NATS_URL at a cluster',
    );
  }
  const host = values.API_HOST as string | undefined;
  if (host && !isLoopback(`http://${host.includes(':') ? `[${host}]` : host}`) && !isGiven('API_TOKEN')) {
    problems.push('API_TOKEN is missing: it is required because API_HOST is not loopback');
  }
  for (const [cert, key] of pairs) {
    if (isGiven(cert) !== isGiven(key)) problems.push(`${cert} and ${key} must both be set, or neither`);
    else if (values[cert] && values[key] && !isPair(values[cert] as string, values[key] as string))
      problems.push(`${key} is not the key of ${cert}`);
  }
  if (values.API_VIEWER_TOKEN && !isGiven('API_TOKEN')) {
    problems.push('API_TOKEN is missing: it is required with API_VIEWER_TOKEN');
  }
  if (values.API_VIEWER_TOKEN && values.API_VIEWER_TOKEN === values.API_TOKEN) {
    problems.push('API_VIEWER_TOKEN must differ from API_TOKEN');
  }
  const programs = Object.values((values.API_PROGRAM_TOKENS as Record<string, string> | undefined) ?? {});
  if (programs.length > 0 && !isGiven('API_TOKEN')) {
    problems.push('API_TOKEN is missing: it is required with API_PROGRAM_TOKENS');
  }
  if (programs.some((token) => token === values.API_TOKEN || token === values.API_VIEWER_TOKEN)) {
    problems.push('API_PROGRAM_TOKENS must differ from API_TOKEN and API_VIEWER_TOKEN');
  }
  return problems;
}

/** Exit code for an invalid configuration (EX_CONFIG of sysexits). */
export const configExitCode = 78;

/** As `loadConfig`, but prints the problems to stderr and exits with 78. */
export const loadConfigOrExit = <Needed extends VariableName, Optional extends VariableName = never>(
  needed: readonly Needed[],
  optional: readonly Optional[] = [],
): Config<Needed, Optional> => orExit(() => loadConfig(process.env, needed, optional));

/** What `load` returns; prints the problems of a configuration to stderr and exits with 78. */
export function orExit<T>(load: () => T): T {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exit(configExitCode);
  }
}
