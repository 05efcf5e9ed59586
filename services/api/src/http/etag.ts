import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';

export const withoutAges = (json: string): string =>
  json.replace(/^\{"at":"[^"]*",/, '').replace(/[aA]geSeconds":(?:\d+|null)/g, '');

/** Gives every JSON read a weak ETag that ignores ages. */
export const etags: MiddlewareHandler = async (c, next) => {
  await next();
  const { res } = c;
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
  // A resource with its own version has set its ETag already.
  if (res.headers.has('etag')) return;
  if (!isRead || res.status !== 200 || !res.headers.get('content-type')?.includes('json')) return;
  const body = Buffer.from(await res.arrayBuffer());
  const etag = `W/"${createHash('sha256').update(withoutAges(body.toString())).digest('base64url').slice(0, 27)}"`;
  const headers = new Headers(res.headers);
  headers.set('etag', etag);
  headers.set('cache-control', 'private, no-cache');
  const isKnown = includesEtag(c.req.header('if-none-match'), etag);
  if (isKnown) {
    headers.delete('content-type');
    headers.delete('content-length');
  }
  // Of a response that was read only a stream is left, which is sent more slowly than bytes.
  c.res = undefined;
  c.res = isKnown ? new Response(null, { status: 304, headers }) : new Response(body, { headers });
};

const includesEtag = (header: string | undefined, etag: string): boolean =>
  header?.trim() === '*' || (header ?? '').split(',').some((each) => weak(each) === weak(etag));

const weak = (etag: string) => etag.trim().replace(/^W\//, '');
