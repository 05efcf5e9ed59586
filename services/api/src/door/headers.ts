import type { HideKey } from './hide-key.ts';

/* Both lists name what passes: no other header does. No cache keeps the answer to a token. */

const fromCaller = ['accept', 'accept-language', 'content-type', 'if-none-match', 'if-modified-since'];

const fromUpstream = [
  'age',
  'content-disposition',
  'content-language',
  'content-type',
  'date',
  'etag',
  'last-modified',
  'link',
  'retry-after',
];

/** The headers of a caller that upstream gets. */
export const requestHeaders = (headers: Headers): Record<string, string> => pick(headers, fromCaller);

/** The headers of upstream that a caller gets, without the key. */
export const answerHeaders = (headers: Headers, hide: HideKey): Record<string, string> =>
  Object.fromEntries(
    Object.entries(pick(headers, fromUpstream)).map(([name, value]) => [name, hide.inText(value)]),
  );

function pick(headers: Headers, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
}
