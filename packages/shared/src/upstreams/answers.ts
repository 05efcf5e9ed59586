import type { Outcome, Policy } from '../contracts/index.ts';

/*
 * What an answer of upstream means: the one table behind the calls, their retries, the availability of sources and the
 * pauses of the limiter. `docs/upstream-answers.md` is generated from it. How answers are worded in headers and bodies:
 * `limits.ts`.
 */

export interface AnswerRule {
  /** The answers that this row is about. */
  readonly answer: string;
  /** Whether the budget is paused: until a time that the answer names, or also without one. */
  readonly pause: 'no' | 'if a time is named' | 'yes';
  /** Whether the same call is made again by itself; each attempt needs a permit. */
  readonly repeat: 'no' | 'with growing pauses' | 'once, one lane up';
  /** What it shows about the source. `wrong address`: not our API, but that may be temporary. */
  readonly source: 'available' | 'nothing' | 'missing' | 'refused' | 'wrong address';
}

const rules = {
  data: {
    answer: '2xx with the expected JSON',
    pause: 'no',
    repeat: 'no',
    source: 'available',
  },
  unexpected: {
    answer: '2xx with valid JSON of another shape, e.g. `null` or `{"message":"Rider not found"}`',
    pause: 'no',
    repeat: 'no',
    source: 'nothing',
  },
  unreadable: {
    answer: '2xx whose body is cut off, empty or not JSON',
    pause: 'no',
    repeat: 'with growing pauses',
    source: 'nothing',
  },
  web_page: {
    answer: 'a web page (challenge, maintenance, gateway) with any status but 408, 429 and 5xx',
    pause: 'if a time is named',
    repeat: 'with growing pauses',
    source: 'wrong address',
  },
  rate_limited: {
    answer: '429, also as a web page',
    pause: 'yes',
    repeat: 'once, one lane up',
    source: 'nothing',
  },
  unavailable: {
    answer: '408 or 5xx, also as a web page',
    pause: 'if a time is named',
    repeat: 'with growing pauses',
    source: 'nothing',
  },
  unauthorized: {
    answer: '401 or 403, not a web page',
    pause: 'if a time is named',
    repeat: 'no',
    source: 'refused',
  },
  not_found: {
    answer: '404, not a web page',
    pause: 'if a time is named',
    repeat: 'no',
    source: 'missing',
  },
  rejected: {
    answer: 'another 4xx, or a redirect (never followed)',
    pause: 'if a time is named',
    repeat: 'no',
    source: 'nothing',
  },
  unreachable: {
    answer: 'no answer: the connection failed',
    pause: 'no',
    repeat: 'with growing pauses',
    source: 'nothing',
  },
  timed_out: {
    answer: 'no answer within the timeout of the budget',
    pause: 'no',
    repeat: 'with growing pauses',
    source: 'nothing',
  },
} as const satisfies Readonly<Record<string, AnswerRule>>;

export type AnswerKind = keyof typeof rules;
/** The kind of a failed call. */
export type UpstreamErrorCode = Exclude<AnswerKind, 'data'>;

export const answerRules: Readonly<Record<AnswerKind, AnswerRule>> = rules;

/** Whether a failed call is repeated with growing pauses. */
export const isTemporary = (code: UpstreamErrorCode): boolean =>
  answerRules[code].repeat === 'with growing pauses';

/** The kind of an answer by its status and body; `data`: the body is still to be read. */
export function kindOf(status: number, text: string): AnswerKind {
  if (status === 429) return 'rate_limited';
  if (status >= 500 || status === 408) return 'unavailable';
  if (isWebPage(text)) return 'web_page';
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 404) return 'not_found';
  return status >= 200 && status < 300 ? 'data' : 'rejected';
}

/** A page, or the line that a gateway sends to programs instead of one. */
const isWebPage = (text: string): boolean => /^\s*(?:<|error code: \d)/i.test(text);

/** Whether the limiter pauses the budget after an answer. Clients report a wait only where the table allows a pause. */
export const pausesBudget = ({ status, retryAfterMs }: Outcome): boolean =>
  status === 429 || retryAfterMs !== undefined;

const hour = 3_600_000;
const day = 24 * hour;

/** Project ms. A longer window in an answer is a mistake. */
export const longestReportedWindow = day;

/** Project ms: no wait is longer than an hour, the longest documented window, or than a longer window that is known. */
export const longestWait = (windowMs = 0): number => Math.min(day, Math.max(hour, windowMs));

/**
 * The fastest single policy that keeps all of them; undefined for none. A window of the strictest limit is stretched
 * until each other window, covered by whole windows of it, holds no more than its own limit.
 */
export function strictestOf(policies: readonly Policy[]): Policy | undefined {
  if (policies.length === 0) return undefined;
  const limit = Math.min(...policies.map((each) => each.limit));
  const windows = policies.map((each) => Math.ceil(each.windowMs / Math.floor(each.limit / limit)));
  return { limit, windowMs: Math.max(...windows) };
}
