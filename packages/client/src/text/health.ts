import type { Part } from '../generated.ts';
import { dayAndTime } from './time.ts';

/** Shown when the API itself is down, which is not among the parts that it reports. */
export const apiDown = {
  title: 'The API does not answer',
  reason: 'Nothing can be read or requested; syncs continue.',
  advice: 'Start the API, or check its log for the cause.',
} as const;

/** A part that is down, in one line: what, since when, the effect, what to do. */
export const downText = ({ title, since, reason, advice }: Omit<Part, 'part' | 'state'>): string =>
  `${title}${since === null ? '' : ` since ${dayAndTime(since)}`}. ${reason} ${advice}`;
