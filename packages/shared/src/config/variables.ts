import { z } from 'zod';
import { parseClock } from '../clock/index.ts';
import { syncModes } from '../contracts/vocabulary.ts';
import { pageUrl, pathBelow, publicUrl, upstreamUrl, webhookUrl } from './addresses.ts';
import { brokerUrl } from './broker-url.ts';
import { catchUp } from './catch-up.ts';
import { duration, keptFor, slotDuration } from './duration.ts';
import { opening } from './opening.ts';
import { replicas } from './replicas.ts';
import { roomFor } from './size.ts';
import { skips } from './skips.ts';
import { timeZone } from './time-zone.ts';
import { certificateFile, databaseUrl, keyFile } from './tls.ts';

/** `a, b,,c` → `["a", "b", "c"]` */
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);

const port = z.coerce.number().int().min(0).max(65_535);

const clockText = z.string().transform((text, context) => {
  try {
    return parseClock(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});

function isOrigin(text: string): boolean {
  try {
    return /^https?:/.test(text) && new URL(text).origin === text;
  } catch {
    return false;
  }
}

const day = 86_400_000;
const mebibyte = 1_048_576;

/** A majority of two is both of them, so two are worth less than one. */
const oneOrThree = z.enum(['1', '3'], 'must be 1 or 3').transform(Number);

const mode = (usual: 'off' | 'on') => z.enum(syncModes, 'must be off, observed or on').default(usual);

/**
 * Every environment variable of the project: its schema, its default, and for whom it is written (`about`).
 * A service picks the ones that it reads; `.env.example` is generated from this list.
 */
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
    schema: z.enum(['standard', 'premium']).default('standard'),
    about: 'Which row of the limits the key is granted; what upstream says corrects it.',
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
    schema: pathBelow('/').default('/public/events/upcoming'),
    about: 'The list of upcoming events, below the base URL.',
  },
  ZWIFTRACING_EVENT_PATH: {
    schema: pathBelow(':id').default('/public/events/:id'),
    about: 'One event; :id is replaced.',
  },
  ZWIFTRACING_SIGNUPS_PATH: {
    schema: pathBelow(':id').default('/public/event_signups/:id'),
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
    about: 'The file of our own certificate, for a broker that wants one.',
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
    about: 'For npm start: how many brokers it brings along, 1 or a cluster of 3. Each has state of its own.',
  },
  PACELINE_REPLICAS: {
    schema: replicas.default({ scheduler: 1, limiter: 1, 'rider-sync': 1, 'event-sync': 1, api: 1 }),
    about: 'For npm start: how many processes of each service it starts, or of those that are named.',
    example: 'limiter=3,rider-sync=2',
  },
  API_HOST: {
    schema: z.string().min(1).default('127.0.0.1'),
    about: 'The address that the API binds to. Off loopback it wants API_TOKEN.',
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
    about: 'Bearer token that the API asks for; needed off loopback.',
    secret: true,
  },
  API_VIEWER_TOKEN: {
    schema: z.string().min(16, 'must be at least 16 characters'),
    about: 'Another bearer token, for those who may read but change nothing.',
    secret: true,
  },
  API_CORS_ORIGINS: {
    schema: list
      .pipe(z.array(z.string().refine(isOrigin, 'must be origins, e.g. https://team.example')))
      .default([]),
    about: 'Origins of web pages that may use the API from a browser, comma-separated.',
    example: 'https://team.example',
  },
  API_RATE_LIMIT: {
    // A hundred open dashboards ask 420 times a second while their stream is away.
    schema: z.coerce.number('must be a whole number').int().positive().default(600),
    about:
      'Requests a second that one client (a token at an address) may send, on the average of ten seconds. Without API_TOKEN there is no limit.',
  },
  API_COMMAND_QUEUE: {
    schema: z.coerce
      .number('must be a whole number')
      .int('must be a whole number')
      .min(1, 'must be at least 1')
      .max(100_000, 'must be at most 100000')
      .default(1_000),
    about:
      'How many commands may wait in one API process until a slow database has stored them, at most 100000. Beyond that the API answers 503.',
  },
  API_IDEMPOTENCY: {
    schema: duration.default(86_400_000),
    about: 'How long the answer to a request with an Idempotency-Key is kept.',
    example: '24h',
  },
  RETENTION_HISTORY: {
    schema: keptFor(1).default(90 * day),
    about:
      'How long it is kept what ran and what was asked for, once it has ended: runs and their calls, commands, conflicts, alerts.',
    example: '90d',
  },
  RETENTION_EVENTS: {
    schema: keptFor(4).default(90 * day),
    about: 'How long events are kept after their start, with their signups and results.',
    example: '90d',
  },
  RETENTION_COPIES: {
    schema: keptFor(4).default(7 * day),
    about: 'How long it is kept when signups were copied: what freshness is measured by.',
    example: '7d',
  },
  RETENTION_RIDER_HISTORY: {
    schema: keptFor(1).default(365 * day),
    about: 'How long it is kept what riders were before they changed. What they are now is always kept.',
    example: '365d',
  },
  RETENTION_TOLD: {
    schema: keptFor(1).default(7 * day),
    about: 'How long the broker keeps what was told, for viewers who come back; real time.',
    example: '7d',
  },
  RETENTION_TOLD_SIZE: {
    schema: roomFor(1).default(512 * mebibyte),
    about: 'How much of it at the most.',
    example: '512MiB',
  },
  RETENTION_DEAD_LETTERS: {
    schema: keptFor(1).default(30 * day),
    about: 'How long the broker keeps dead letters; real time.',
    example: '30d',
  },
  RETENTION_DEAD_LETTERS_SIZE: {
    schema: roomFor(1).default(256 * mebibyte),
    about: 'How much of them at the most.',
    example: '256MiB',
  },
  RETENTION_JOURNAL: {
    schema: z.coerce.number().int().min(1_000, 'must be at least 1000').default(20_000),
    about:
      'How many entries of each partition the limiter keeps in its journal, for audits; what its windows still need is always kept.',
  },
  LOG_FILE_SIZE: {
    schema: roomFor(1).default(16 * mebibyte),
    about: 'How large a log file of npm start grows before it is put aside; one that was put aside is kept.',
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
      'Makes every process live faster, from one anchor. Only against an upstream on loopback or under .test.',
    example: 'scale=60,anchor=1764788400000',
  },
  SLOT_TIME_ZONE: { schema: timeZone.default('UTC'), about: 'The time zone of the slots below.' },
  SYNC_RIDER: {
    schema: mode('on'),
    about:
      'The rider sync: on, observed (plans and counts, calls nothing) or off. The same for the others below.',
  },
  SLOT_RIDER: {
    schema: opening.default('0 */6 * * *'),
    about:
      'When a rider slot opens: a cron expression by the clocks of the time zone, or every 90m: at even distances, counted from midnight UTC of 1970.',
  },
  SLOT_RIDER_DURATION: {
    schema: slotDuration.default(600_000),
    about: 'How long a rider slot stays open.',
    example: '10m',
  },
  SLOT_RIDER_SKIP: {
    schema: skips.default(''),
    about: 'Rider slots that are left out, by when they would open: times, spans, weekdays and dates.',
    example: '06:00,23:00-05:00,sat,2026-12-24',
  },
  SLOT_RIDER_CATCH_UP: {
    schema: catchUp.default('latest'),
    about:
      'Rider slots that were over before a scheduler was there: skip, latest (the last one is run late) or all 2h (each up to that age). The next is hours away, so latest.',
  },
  SYNC_NEAR: {
    schema: mode('on'),
    about: 'The near sync. Off or observed, no urgent refresh is called either.',
  },
  SLOT_NEAR: { schema: opening.default('10,25,40,55 * * * *'), about: 'When a slot for near events opens.' },
  SLOT_NEAR_DURATION: {
    schema: slotDuration.default(600_000),
    about: 'How long a near slot stays open.',
    example: '10m',
  },
  SLOT_NEAR_SKIP: { schema: skips.default(''), about: 'Near slots that are left out.' },
  SLOT_NEAR_CATCH_UP: {
    schema: catchUp.default('skip'),
    about: 'Missed near slots. Events have started by then, and the next slot is minutes away, so skip.',
  },
  SYNC_FAR: { schema: mode('on'), about: 'The far sync.' },
  SLOT_FAR: { schema: opening.default('5,20,35,50 * * * *'), about: 'When a slot for far events opens.' },
  SLOT_FAR_DURATION: {
    schema: slotDuration.default(240_000),
    about: 'How long a far slot stays open. Near and far share calls: check new slots with npm run plan.',
    example: '4m',
  },
  SLOT_FAR_SKIP: { schema: skips.default(''), about: 'Far slots that are left out.' },
  SLOT_FAR_CATCH_UP: {
    schema: catchUp.default('skip'),
    about:
      'Missed far slots. A late one would collide with a near slot, and the next is minutes away, so skip.',
  },
  SYNC_RESULTS: { schema: mode('off'), about: 'The results sync.' },
  SLOT_RESULTS: {
    schema: opening.default('every 30m'),
    about: 'When a slot for the results of events opens.',
  },
  SLOT_RESULTS_DURATION: {
    schema: slotDuration.default(600_000),
    about: 'How long a results slot stays open. It shares its calls with no other.',
    example: '10m',
  },
  SLOT_RESULTS_SKIP: { schema: skips.default(''), about: 'Results slots that are left out.' },
  SLOT_RESULTS_CATCH_UP: {
    schema: catchUp.default('latest'),
    about: 'Missed results slots. It shares no calls, and late results are as good, so latest.',
  },
  FRESHNESS_URGENT: {
    schema: duration.default(900_000),
    about: 'How old our copy of its signups may be in the last 15 minutes before an event.',
    example: '15m',
  },
  FRESHNESS_NEAR: {
    schema: duration.default(3_600_000),
    about: 'How old it may be in the last hour.',
    example: '60m',
  },
  FRESHNESS_FAR: {
    schema: duration.default(86_400_000),
    about: 'How old it may be in the last two days.',
    example: '24h',
  },
  SLACK_WEBHOOK_URL: { schema: webhookUrl, about: 'Incoming webhook for alerts.', secret: true },
  LOG_LEVEL: {
    schema: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    about: 'How much the services say.',
  },
} as const satisfies Record<string, { schema: z.ZodType; about: string; example?: string; secret?: boolean }>;

export type VariableName = keyof typeof variables;

export const variableNames = Object.keys(variables) as VariableName[];
