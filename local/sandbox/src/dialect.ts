import { z } from 'zod';

/** What an answer adds to name a wait: headers, and fields of a JSON body. */
export interface NamedWait {
  readonly headers: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string | number>>;
}

type NameWait = (seconds: number, now: number) => Partial<NamedWait>;

const header =
  (name: string, value: (seconds: number, now: number) => number | string): NameWait =>
  (seconds, now) => ({
    // The wait counts from the answer's own date, which is project time here.
    headers: { [name]: String(value(seconds, now)), Date: new Date(now).toUTCString() },
  });

/** How APIs of this kind name the time of the next call. Upstream was seen to use `body`. */
const forms = {
  body: (seconds) => ({ fields: { retryAfter: String(seconds) } }),
  'body-snake-case': (seconds) => ({ fields: { retry_after: seconds } }),
  seconds: header('Retry-After', (seconds) => seconds),
  'seconds-with-unit': header('Retry-After', (seconds) => `${seconds}s`),
  'seconds-twice': header('Retry-After', (seconds) => `${seconds}, ${seconds}`),
  milliseconds: header('Retry-After-Ms', (seconds) => seconds * 1_000),
  date: header('Retry-After', (seconds, now) => new Date(now + seconds * 1_000).toUTCString()),
  'unix-time': header('Retry-After', (seconds, now) => Math.ceil(now / 1_000) + seconds),
  'unix-time-ms': header('Retry-After', (seconds, now) => Math.ceil(now) + seconds * 1_000),
  'reset-unix-time': header('RateLimit-Reset', (seconds, now) => Math.ceil(now / 1_000) + seconds),
  /** A mistake: no window is that long. */
  absurd: header('Retry-After', () => 31_536_000),
  none: () => ({}),
} as const satisfies Readonly<Record<string, NameWait>>;

type WaitForm = keyof typeof forms;
export const waitForms = Object.keys(forms) as [WaitForm, ...WaitForm[]];

/** How upstream words its limits. */
export const dialect = z.strictObject({
  retryAfter: z.enum(waitForms),
  /** A `RateLimit-Policy` of every answer, e.g. of a looser limit for the whole API; empty: none. */
  advertises: z.string(),
});
export type Dialect = z.output<typeof dialect>;
export const dialectChange = dialect.partial();

export const nameWait = (form: WaitForm, seconds: number, now: number): NamedWait => {
  const named: Partial<NamedWait> = forms[form](Math.ceil(seconds), now);
  return { headers: named.headers ?? {}, fields: named.fields ?? {} };
};
