import { z } from 'zod';
import { parseClock } from '../clock/index.ts';
import { tiers } from '../definition/index.ts';
import { defaultUpstream } from '../upstreams/index.ts';
import {
  brokerUrl,
  certificateFile,
  databaseUrl,
  keyFile,
  listenHost,
  pageUrl,
  pathBelow,
  publicUrl,
  upstreamUrl,
  webhookUrl,
} from './addresses.ts';
import { freshnessVariables, slotVariables, weightVariables } from './slots.ts';
import {
  commaSeparated,
  duration,
  retention,
  oneOfEach,
  port,
  programTokens,
  replicas,
  storage,
  syncInterval,
  timeZone,
  wholeNumber,
} from './values.ts';

const list = z.string().transform(commaSeparated);

const clockText = z.string().transform((text, context) => {
  try {
    return parseClock(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});

const isOrigin = (text: string): boolean =>
  /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;

const day = 86_400_000;
const mebibyte = 1_048_576;

/** A cluster of two needs both servers for a majority, so it is less available than one. */
const oneOrThree = z.enum(['1', '3'], 'must be 1 or 3').transform(Number);

/** Every environment variable: schema, default and description. `.env.example` is generated from it. */
export const variables = {
  UPSTREAMS: {
    schema: list.default([defaultUpstream]),
    description: 'Upstreams, comma-separated: names of files in upstreams/, or paths to such files.',
    example: 'zwiftracing,weather',
  },
  ZWIFTRACING_BASE_URL: {
    schema: upstreamUrl,
    description:
      'Base URL of the ZwiftRacing API, without /public. Unset: npm start runs a local sandbox instead.',
    example: 'https://api.zwiftracing.app/api',
  },
  ZWIFTRACING_API_KEY: {
    schema: z.string().min(1),
    description: 'API key, sent unchanged in the Authorization header.',
    secret: true,
  },
  ZWIFTRACING_TIER: {
    schema: z.enum(tiers, `must be ${tiers.join(' or ')}`).default('standard'),
    description:
      'Tier of the API key. It sets the initial rate limits; limits that the API reports replace them.',
  },
  ZWIFTRACING_CLUB_IDS: {
    schema: list
      .refine((ids) => ids.every((id) => /^[1-9]\d{0,14}$/.test(id)), 'must be club ids, e.g. 20650,20651')
      .transform((ids) => ids.map(Number))
      .default([]),
    description: 'Clubs whose members are synced, comma-separated.',
    example: '20650,20651',
  },
  ZWIFTRACING_EVENTS_PATH: {
    schema: pathBelow('/').optional(),
    description: 'Path of the list of upcoming events, below the base URL. Unset: that of zwiftracing.yaml.',
    example: '/public/events/upcoming',
  },
  ZWIFTRACING_SIGNUPS_PATH: {
    schema: pathBelow(':id').optional(),
    description: 'Path of the signups of one event; :id is replaced. Unset: that of zwiftracing.yaml.',
    example: '/public/event_signups/:id',
  },
  NATS_URL: {
    schema: brokerUrl,
    description:
      'NATS with JetStream, server 2.10.23 or newer, in a cluster 2.11 or newer. Separate the servers of a cluster with commas. Unset: npm start runs a broker.',
    example: 'nats://127.0.0.1:4222',
    secret: true,
  },
  NATS_REPLICAS: {
    schema: oneOrThree,
    description:
      'Used by provisioning: copies of each stream, consumer and bucket in the cluster, 1 or 3. Default 1, or 3 with PACELINE_BROKERS=3.',
    example: '3',
  },
  NATS_MONITOR_URL: {
    schema: list.pipe(z.array(pageUrl)).default([]),
    description:
      "Used by provisioning: monitoring URL of each of the broker's servers, comma-separated, to check that each syncs messages to disk before acknowledging them. Not needed for the broker of npm start.",
    example: 'http://127.0.0.1:8222',
  },
  NATS_SYNC_INTERVAL: {
    schema: syncInterval.default('always'),
    description:
      'Used by npm start: when its broker syncs messages to disk. always: before it acknowledges them. An interval such as 2m is faster, and a power cut loses what was acknowledged since.',
    example: '2m',
  },
  NATS_SERVER: {
    schema: z.string(),
    description:
      'Used by npm start and the tests: a nats-server program. Unset: the one on the PATH if it is as new as the pinned release, else that release.',
    example: '/usr/sbin/nats-server',
  },
  NATS_TLS_CA: {
    schema: certificateFile,
    description:
      "CA file that the broker's certificate is verified with. Setting it, or using tls:// in NATS_URL, makes TLS mandatory.",
    example: '/etc/paceline/ca.pem',
  },
  NATS_TLS_CERT: {
    schema: certificateFile,
    description: 'Client certificate file, for a broker that requires one.',
    example: '/etc/paceline/service.crt',
  },
  NATS_TLS_KEY: {
    schema: keyFile,
    description: 'Private key file of the client certificate.',
    example: '/etc/paceline/service.key',
  },
  DATABASE_URL: {
    schema: databaseUrl,
    description:
      'Postgres 15 or newer. For TLS, append ?sslmode=verify-full&sslrootcert=… Unset: npm start runs a Postgres.',
    example: 'postgres://paceline:secret@127.0.0.1:5432/paceline',
    secret: true,
  },
  PACELINE_BROKERS: {
    schema: oneOrThree.default(1),
    description: 'Used by npm start: how many brokers to run, 1 or a cluster of 3.',
  },
  PACELINE_REPLICAS: {
    schema: replicas.default(oneOfEach),
    description: 'Used by npm start: processes per service, either one number for all or a list by service.',
    example: 'limiter=3,rider-sync=2',
  },
  API_HOST: {
    schema: listenHost.default('127.0.0.1'),
    description: 'Address that the API listens on. Any address other than loopback requires API_TOKEN.',
  },
  API_PORT: { schema: port.default(3000), description: 'Port that the API listens on.' },
  API_TLS_CERT: {
    schema: certificateFile,
    description: 'Certificate file of the API, which makes it serve https. Unset: http.',
    example: '/etc/paceline/api.crt',
  },
  API_TLS_KEY: {
    schema: keyFile,
    description: 'Private key file of the API certificate.',
    example: '/etc/paceline/api.key',
  },
  API_PUBLIC_URL: {
    schema: publicUrl,
    description: 'Public URL of the API, used in the links of alerts. Unset: the address it listens on.',
    example: 'https://paceline.example',
  },
  API_TRACE_URL: {
    schema: pageUrl.refine((text) => text.includes(':id'), 'must contain ":id"'),
    description: 'Link to a trace; :id is replaced. Unset: the dashboard shows the trace id without a link.',
    example: 'http://127.0.0.1:16686/trace/:id',
  },
  API_TOKEN: {
    schema: z.string().min(16, 'must be at least 16 characters'),
    description:
      'Bearer token for full access to the API. Required unless API_HOST is loopback; min 16 characters.',
    secret: true,
  },
  API_VIEWER_TOKEN: {
    schema: z.string().min(16, 'must be at least 16 characters'),
    description: 'Bearer token for read-only access. Needs API_TOKEN too.',
    secret: true,
  },
  API_UPSTREAMS: {
    schema: list.default([]),
    description:
      'Upstreams that programs can use through the API, comma-separated: /upstream/<name>/… calls them with their key. Unset: none.',
    example: 'zwiftracing',
  },
  API_PROGRAM_TOKENS: {
    schema: programTokens,
    description:
      'Bearer tokens of programs, comma-separated as name=token. Each allows calls of API_UPSTREAMS and nothing else, and its name is in the call log. Needs API_TOKEN too.',
    secret: true,
  },
  API_CORS_ORIGINS: {
    schema: list
      .pipe(z.array(z.string().refine(isOrigin, 'must be origins, e.g. https://team.example')))
      .default([]),
    description: 'Origins allowed to call the API from a browser, comma-separated.',
    example: 'https://team.example',
  },
  API_RATE_LIMIT: {
    // 100 open dashboards send 420 requests per second while their stream is down.
    schema: wholeNumber(1).default(600),
    description:
      'Max requests per second from one client (token and address), averaged over 10 s. No limit without API_TOKEN.',
  },
  API_COMMAND_QUEUE: {
    schema: wholeNumber(1, 100_000).default(1_000),
    description:
      'Max commands that one API process queues while the database is slow, up to 100000. When the queue is full, the API answers 503.',
  },
  API_IDEMPOTENCY: {
    schema: duration.default(86_400_000),
    description: 'How long the response to a request with an Idempotency-Key is kept.',
    example: '24h',
  },
  API_SHUTDOWN_DELAY: {
    schema: duration.default(5_000),
    description:
      'How long a stopping API still serves, while /readyz says 503, so that load balancers send it no more requests. npm start uses 0s.',
    example: '5s',
  },
  RETENTION_HISTORY: {
    schema: retention(1).default(90 * day),
    description: 'How long finished runs with their calls, commands, conflicts and alerts are kept.',
    example: '90d',
  },
  RETENTION_EVENTS: {
    schema: retention(4).default(90 * day),
    description: 'How long events, with their signups and results, are kept after their start.',
    example: '90d',
  },
  RETENTION_COPIES: {
    schema: retention(4).default(7 * day),
    description: 'How long the fetch times of signups are kept. Freshness is calculated from them.',
    example: '7d',
  },
  RETENTION_RIDER_HISTORY: {
    schema: retention(1).default(365 * day),
    description: 'How long rider history is kept. The current data of a rider is always kept.',
    example: '365d',
  },
  RETENTION_EVENT_STREAM: {
    schema: retention(1).default(7 * day),
    description: 'How long the broker keeps events for clients that reconnect, in real time.',
    example: '7d',
  },
  RETENTION_EVENT_STREAM_SIZE: {
    schema: storage(1).default(512 * mebibyte),
    description: 'Max size of the event stream on the broker.',
    example: '512MiB',
  },
  RETENTION_DEAD_LETTERS: {
    schema: retention(1).default(30 * day),
    description: 'How long the broker keeps dead-lettered messages, in real time.',
    example: '30d',
  },
  RETENTION_DEAD_LETTERS_SIZE: {
    schema: storage(1).default(256 * mebibyte),
    description: 'Max size of the dead-letter stream on the broker.',
    example: '256MiB',
  },
  RETENTION_TICKS_SIZE: {
    schema: storage(1).default(64 * mebibyte),
    description: 'Max size of the stream of ticks on the broker.',
    example: '64MiB',
  },
  RETENTION_COMMANDS_SIZE: {
    schema: storage(16).default(256 * mebibyte),
    description: 'Max size of the stream of commands on the broker. A full one accepts no more commands.',
    example: '256MiB',
  },
  RETENTION_JOURNAL_SIZE: {
    schema: storage(64),
    description:
      "Max size of the limiter's journal on the broker; in a full one no calls start. Unset: no limit, or 256MiB on an account that requires a size.",
    example: '256MiB',
  },
  RETENTION_BUCKET_SIZE: {
    schema: storage(1).default(16 * mebibyte),
    description: 'Max size of each bucket on the broker.',
    example: '16MiB',
  },
  RETENTION_JOURNAL: {
    schema: wholeNumber(1_000).default(20_000),
    description:
      'Journal entries that the limiter keeps per partition for audits. Entries that its windows still need are always kept.',
  },
  LOG_FILE_SIZE: {
    schema: storage(1).default(16 * mebibyte),
    description: 'Used by npm start: size at which a log file is rotated. One rotated file is kept.',
    example: '16MiB',
  },
  HEALTH_HOST: {
    schema: listenHost.default('127.0.0.1'),
    description: 'Address that the other services listen on for /livez, /readyz and /metrics.',
  },
  HEALTH_PORT: {
    schema: port.default(0),
    description: 'Port of /livez, /readyz and /metrics; 0 picks a free one.',
  },
  PACELINE_CLOCK: {
    schema: clockText.default({ scale: 1, anchor: 0 }),
    description:
      'Makes time run faster in every process, from a shared anchor. Only allowed when ZWIFTRACING_BASE_URL is on loopback or under .test.',
    example: 'scale=60,anchor=1764788400000',
  },
  SLOT_TIME_ZONE: { schema: timeZone.default('UTC'), description: 'Time zone of the slots below.' },
  ...slotVariables,
  ...freshnessVariables,
  ...weightVariables,
  SLACK_WEBHOOK_URL: {
    schema: webhookUrl,
    description: 'Slack incoming webhook that alerts are posted to.',
    secret: true,
  },
  LOG_LEVEL: {
    schema: z.enum(['debug', 'info', 'warn', 'error'], 'must be debug, info, warn or error').default('info'),
    description: 'Log level of the services.',
  },
} as const satisfies Record<
  string,
  { schema: z.ZodType; description: string; example?: string; secret?: boolean }
>;

export type VariableName = keyof typeof variables;

export const variableNames = Object.keys(variables) as VariableName[];

/** The text of `.env.example`: every variable, commented out, with its description and an example or default. */
export function envExample(): string {
  const entries = variableNames.map((name) => {
    const variable: { description: string; example?: string } = variables[name];
    const fallback = variables[name].schema.safeParse(undefined);
    const preset = fallback.success && typeof fallback.data !== 'object' ? String(fallback.data) : '';
    return `# ${variable.description}\n#${name}=${variable.example ?? preset}\n`;
  });
  return `# Generated from the configuration schemas. Copy to .env and uncomment what you change.\n\n${entries.join('\n')}`;
}
