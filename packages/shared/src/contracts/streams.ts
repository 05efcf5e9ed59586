import { ruledBucket } from './journal.ts';
import { scheduleBucket } from './schedule.ts';
import type { Service } from './vocabulary.ts';

/** How long a stream keeps what. Durations are real ms. */
export interface Stream {
  readonly name: 'TICKS' | 'COMMANDS' | 'EVENTS' | 'DEAD_LETTERS' | 'LIMITER_JOURNAL';
  readonly subjects: readonly string[];
  readonly retention: 'workqueue' | 'limits';
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  /** Within this time a second message of the same id is dropped. */
  readonly duplicateWindowMs: number;
}

const day = 86_400_000;
const mebibyte = 1_048_576;

export const streams: readonly Stream[] = [
  {
    name: 'TICKS',
    subjects: ['paceline.tick.>'],
    retention: 'workqueue',
    maxAgeMs: 7 * day,
    maxBytes: 64 * mebibyte,
    duplicateWindowMs: 3_600_000,
  },
  {
    name: 'COMMANDS',
    subjects: ['paceline.command.>'],
    retention: 'workqueue',
    maxAgeMs: 7 * day,
    maxBytes: 256 * mebibyte,
    duplicateWindowMs: 3_600_000,
  },
  {
    name: 'EVENTS',
    subjects: ['paceline.event.>'],
    retention: 'limits',
    maxAgeMs: 7 * day,
    maxBytes: 512 * mebibyte,
    duplicateWindowMs: 120_000,
  },
  {
    name: 'DEAD_LETTERS',
    subjects: ['paceline.dead-letter.>'],
    retention: 'limits',
    maxAgeMs: 30 * day,
    maxBytes: 256 * mebibyte,
    duplicateWindowMs: 120_000,
  },
  {
    name: 'LIMITER_JOURNAL',
    subjects: ['paceline.journal.*'],
    retention: 'limits',
    // Snapshots replace what is before them: age never decides what a window remembers.
    maxAgeMs: 0,
    maxBytes: -1,
    duplicateWindowMs: 120_000,
  },
];

interface Bucket {
  readonly name: string;
  readonly owner: Service;
  readonly readers: readonly Service[];
  /** Whether its owner hears of changes, as they are made by another process of it. */
  readonly watched: boolean;
}

/** Small key-value state that one service keeps on the broker, and who else may read it. */
export const buckets: readonly Bucket[] = [
  { name: 'SCHEDULER', owner: 'scheduler', readers: [], watched: false },
  { name: scheduleBucket, owner: 'scheduler', readers: ['event-sync'], watched: true },
  { name: ruledBucket, owner: 'limiter', readers: [], watched: false },
];

/** Who looks whether what it has sent is still in its stream, to send again what the broker lost. */
export const sweepers: readonly { readonly service: Service; readonly stream: Stream['name'] }[] = [
  { service: 'api', stream: 'COMMANDS' },
];

/** Who reads what was told from the stream itself, also what is older than the reader. */
export const eventReaders: readonly Service[] = ['api'];

/** The durable consumer by which the processes of one service share what is told: each thing goes to one of them. */
export const eventShare = { durable: 'api-history', service: 'api', ackWaitMs: 10_000 } as const;
