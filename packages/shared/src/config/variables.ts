import { z } from 'zod';
import { parseClock } from '../clock/index.ts';
import { pathsOf, tiers } from '../definition/index.ts';
import {
  brokerUrl,
  certificateFile,
  databaseUrl,
  keyFile,
  pageUrl,
  pathBelow,
  publicUrl,
  upstreamUrl,
  webhookUrl,
} from './addresses.ts';
import { freshnessVariables, slotVariables } from './slots.ts';
import { commaSeparated, duration, retention, oneOfEach, replicas, storage, timeZone } from './values.ts';

const list = z.string().transform(commaSeparated);

const port = z.coerce.number().int().min(0).max(65_535);

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

/** A majority of two is both of them, so two are worth less than one. */
const oneOrThree = z.enum(['1', '3'], 'must be 1 or 3').transform(Number);

/** Every environment variable: schema with default, and meaning. `.env.example` is generated from it. */
const [listPath = '', eventPath = ''] = pathsOf('events');
const [signupsPath = ''] = pathsOf('signups');

export const variables = {
  ZWIFTRACING_BASE_URL: {
    schema: upstreamUrl,
    about: 'Where the upstream API lives; ends before /public. Unset: npm start brings a sandbox upstream.',
    example: 'https://api.zwiftracing.app/api',
  },
  ZWIFTRACING_API_KEY: {
    schema: z.string().min(1),
    about: 'The raw key, sent as it is in the Authorization header.',
    secret: true,
  },
  ZWIFTRACING_TIER: {
    schema: z.enum(tiers).default('standard'),
    about: 'The tier of the key, which sets the rate limits until upstream reports others.',
  },
  ZWIFTRACING_CLUB_IDS: {
    schema: list
      .transform((ids) => ids.map(Number))
      .pipe(z.array(z.number('must be club ids, e.g. 20650,20651').int().positive()))
      .default([]),
    about: 'The clubs whose members are synced, comma-separated.',
    example: '20650,20651',
  },
  ZWIFTRACING_EVENTS_PATH: {
    schema: pathBelow('/').default(listPath),
    about: 'The list of upcoming events, below the base URL.',
  },
  ZWIFTRACING_EVENT_PATH: {
    schema: pathBelow(':id').default(eventPath),
    about: 'One event; :id is replaced.',
  },
  ZWIFTRACING_SIGNUPS_PATH: {
    schema: pathBelow(':id').default(signupsPath),
    about: 'The signups of one event; :id is replaced.',
  },
  NATS_URL: {
    schema: brokerUrl,
    about:
      'The broker, with JetStream, server 2.10 or newer; the servers of a cluster comma-separated. Unset: npm start brings one.',
    example: 'nats://127.0.0.1:4222',
    secret: true,
  },
  NATS_REPLICAS: {
    schema: oneOrThree,
    about:
      'For provisioning: how many servers of a cluster keep a copy of each stream, consumer and bucket, 1 or 3. Unset: 1, and 3 with PACELINE_BROKERS=3.',
    example: '3',
  },
  NATS_TLS_CA: {
    schema: certificateFile,
    about:
      "The file of the authority that signs the broker's certificate. With it, or with tls:// in NATS_URL, nothing goes in the clear.",
    example: '/etc/paceline/ca.pem',
  },
  NATS_TLS_CERT: {
    schema: certificateFile,
    about: 'The file of our own certificate, for a broker that requires one.',
    example: '/etc/paceline/service.crt',
  },
  NATS_TLS_KEY: { schema: keyFile, about: 'The file of its key.', example: '/etc/paceline/service.key' },
  DATABASE_URL: {
    schema: databaseUrl,
    about:
      'Postgres 15 or newer; over TLS with ?sslmode=verify-full&sslrootcert=… at its end. Unset: npm start brings one.',
    example: 'postgres://paceline:secret@127.0.0.1:5432/paceline',
    secret: true,
  },
  PACELINE_BROKERS: {
    schema: oneOrThree.default(1),
    about: 'For npm start: how many brokers it starts, 1 or a cluster of 3.',
  },
  PACELINE_REPLICAS: {
    schema: replicas.default(oneOfEach),
    about: 'For npm start: how many processes of each service, or of the named services, it starts.',
    example: 'limiter=3,rider-sync=2',
  },
  API_HOST: {
    schema: z.string().min(1).default('127.0.0.1'),
    about: 'The address that the API binds to. Off loopback, API_TOKEN is required.',
  },
  API_PORT: { schema: port.default(3000), about: 'The port of the API.' },
  API_TLS_CERT: {
    schema: certificateFile,
    about: 'The file of the certificate that the API is served with, over https. Unset: http.',
    example: '/etc/paceline/api.crt',
  },
  API_TLS_KEY: { schema: keyFile, about: 'The file of its key.', example: '/etc/paceline/api.key' },
  API_PUBLIC_URL: {
    schema: publicUrl,
    about: 'Where people reach the API: what alerts link to. Unset: where it is bound.',
    example: 'https://paceline.example',
  },
  API_TRACE_URL: {
    schema: pageUrl.refine((text) => text.includes(':id'), 'must contain ":id"'),
    about: 'Where a trace is shown; :id is replaced. Unset: the dashboard shows the id alone.',
    example: 'http://127.0.0.1:16686/trace/:id',
  },
  API_TOKEN: {
    schema: z.string().min(16, 'must be at least 16 characters'),
    about: 'Bearer token that the API requires; needed off loopback.',
    secret: true,
  },
  API_VIEWER_TOKEN: {
    schema: z.string().min(16, 'must be at least 16 characters'),
    about: 'Another bearer token, read-only.',
    secret: true,
  },
  API_CORS_ORIGINS: {
    schema: list
      .pipe(z.array(z.string().refine(isOrigin, 'must be origins, e.g. https://team.example')))
      .default([]),
    about: 'Origins of web pages that may call the API from a browser, comma-separated.',
    example: 'https://team.example',
  },
  API_RATE_LIMIT: {
    // A hundred open dashboards send 420 requests a second while their stream is down.
    schema: z.coerce.number('must be a whole number').int().positive().default(600),
    about:
      'Requests per second that one client (a token at an address) may send, averaged over ten seconds. Without API_TOKEN there is no limit.',
  },
  API_COMMAND_QUEUE: {
    schema: z.coerce
      .number('must be a whole number')
      .int('must be a whole number')
      .min(1, 'must be at least 1')
      .max(100_000, 'must be at most 100000')
      .default(1_000),
    about:
      'How many commands may wait in one API process for a slow database, max 100000. Beyond that the API answers 503.',
  },
  API_IDEMPOTENCY: {
    schema: duration.default(86_400_000),
    about: 'How long the answer to a request with an Idempotency-Key is kept.',
    example: '24h',
  },
  RETENTION_HISTORY: {
    schema: retention(1).default(90 * day),
    about: 'How long runs with their calls, commands, conflicts and alerts are kept once they have ended.',
    example: '90d',
  },
  RETENTION_EVENTS: {
    schema: retention(4).default(90 * day),
    about: 'How long events are kept after their start, with their signups and results.',
    example: '90d',
  },
  RETENTION_COPIES: {
    schema: retention(4).default(7 * day),
    about: 'How long the times at which signups were copied are kept: freshness is measured by them.',
    example: '7d',
  },
  RETENTION_RIDER_HISTORY: {
    schema: retention(1).default(365 * day),
    about: 'How long earlier versions of riders are kept. The current one is always kept.',
    example: '365d',
  },
  RETENTION_EVENT_STREAM: {
    schema: retention(1).default(7 * day),
    about: 'How long the broker keeps events, for viewers that reconnect; real time.',
    example: '7d',
  },
  RETENTION_EVENT_STREAM_SIZE: {
    schema: storage(1).default(512 * mebibyte),
    about: 'How many bytes of events it keeps at most.',
    example: '512MiB',
  },
  RETENTION_DEAD_LETTERS: {
    schema: retention(1).default(30 * day),
    about: 'How long the broker keeps dead letters; real time.',
    example: '30d',
  },
  RETENTION_DEAD_LETTERS_SIZE: {
    schema: storage(1).default(256 * mebibyte),
    about: 'How many bytes of dead letters it keeps at most.',
    example: '256MiB',
  },
  RETENTION_JOURNAL: {
    schema: z.coerce.number().int().min(1_000, 'must be at least 1000').default(20_000),
    about:
      'How many journal entries the limiter keeps for each partition, for audits. Entries that its windows still need are always kept.',
  },
  LOG_FILE_SIZE: {
    schema: storage(1).default(16 * mebibyte),
    about: 'How large a log file of npm start grows before it is rotated; one rotated file is kept.',
    example: '16MiB',
  },
  HEALTH_HOST: {
    schema: z.string().min(1).default('127.0.0.1'),
    about: 'The address of /livez, /readyz and /metrics of the services beside the API.',
  },
  HEALTH_PORT: {
    schema: port.default(0),
    about: 'The port of /livez, /readyz and /metrics; 0 takes any free one.',
  },
  PACELINE_CLOCK: {
    schema: clockText.default({ scale: 1, anchor: 0 }),
    about:
      'Makes time run faster for every process, from a shared anchor. Only against an upstream on loopback or under .test.',
    example: 'scale=60,anchor=1764788400000',
  },
  SLOT_TIME_ZONE: { schema: timeZone.default('UTC'), about: 'The time zone of the slots below.' },
  ...slotVariables,
  ...freshnessVariables,
  SLACK_WEBHOOK_URL: { schema: webhookUrl, about: 'Incoming webhook for alerts.', secret: true },
  LOG_LEVEL: {
    schema: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    about: 'The log level of the services.',
  },
} as const satisfies Record<string, { schema: z.ZodType; about: string; example?: string; secret?: boolean }>;

export type VariableName = keyof typeof variables;

export const variableNames = Object.keys(variables) as VariableName[];

/** The text of `.env.example`: every variable with what it means, its default or an example, commented out. */
export function envExample(): string {
  const entries = (Object.keys(variables) as VariableName[]).map((name) => {
    const variable: { about: string; example?: string } = variables[name];
    const fallback = variables[name].schema.safeParse(undefined);
    const preset = fallback.success && typeof fallback.data !== 'object' ? String(fallback.data) : '';
    return `# ${variable.about}\n#${name}=${variable.example ?? preset}\n`;
  });
  return `# Generated from the configuration schemas. Copy to .env and uncomment what you change.\n\n${entries.join('\n')}`;
}
