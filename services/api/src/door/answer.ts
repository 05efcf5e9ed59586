import type { Clock } from '@paceline/shared/clock';
import type { WindowView } from '@paceline/shared/contracts';
import type { UpstreamAnswer } from '@paceline/shared/upstreams/exchange';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { serializeList, Token } from 'structured-headers';
import { Problem } from '../http/problem.ts';
import { rateLimitFields } from '../http/rate-limit.ts';
import { answerHeaders } from './headers.ts';
import { withoutKey } from './without-key.ts';

/** Says who answered (RFC 9209): this API, or upstream with the given status. */
export const proxyStatus = (parameters: Readonly<Record<string, string | number>>) => {
  const values = Object.entries(parameters).map(
    ([name, value]) => [name, typeof value === 'string' ? new Token(value) : value] as const,
  );
  return { 'proxy-status': serializeList([[new Token('paceline'), new Map(values)]]) };
};

/** @param at when the limiter expects one, project ms */
export function noPermit(clock: Clock, endpoint: string, at: number): Problem {
  const seconds = Math.max(1, Math.ceil(clock.toRealMs(at - clock.now()) / 1_000));
  const detail = `No ${endpoint} call can be made before ${new Date(at).toISOString()}; nothing was sent`;
  const headers = { 'retry-after': String(seconds), ...proxyStatus({ error: 'http_request_denied' }) };
  return new Problem('no-permit', detail, { headers });
}

export interface AnswerContext {
  readonly permit: string;
  readonly key: string;
  readonly clock: Clock;
  /** The windows in which the call counts, if they are known. */
  readonly windows: readonly WindowView[];
}

/** Upstream's answer as the caller gets it. `sent` resolves with whether it was sent to its end. */
export function passOn(
  { status, headers, failure, body }: UpstreamAnswer,
  { permit, key, clock, windows }: AnswerContext,
): { response: Response; sent: Promise<boolean> } {
  const passed = withoutKey(key);
  const source = failure ? Readable.from([failure.bytes]) : body;
  const sent = pipeline(source, passed).then(
    () => true,
    () => false,
  );
  const isEmpty = status === 204 || status === 205 || status === 304;
  if (isEmpty) passed.resume();
  const response = new Response(isEmpty ? null : (Readable.toWeb(passed) as ReadableStream), {
    status,
    headers: {
      age: '0',
      ...answerHeaders(headers, key),
      ...rateLimitFields(windows, clock.now(), (ms) => clock.toRealMs(ms) / 1_000),
      ...proxyStatus({ 'received-status': status }),
      'paceline-permit': permit,
    },
  });
  return { response, sent };
}
