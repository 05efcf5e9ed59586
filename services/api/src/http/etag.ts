import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';

export const unaged = (json: string): string =>
  json.replace(/^\{"at":"[^"]*",|"\w*[aA]geSeconds":(?:\d+|null),?/g, '');

/** Every read gets a weak ETag; growing ages alone are no change. */
export const etags: MiddlewareHandler = async (c, next) => {
  await next();
  const { res } = c;
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
  // What has a version of its own is changed by naming it.
  if (res.headers.has('etag')) return;
  if (!isRead || res.status !== 200 || !res.headers.get('content-type')?.includes('json')) return;
  const body = await res.clone().text();
  const etag = `W/"${createHash('sha256').update(unaged(body)).digest('base64url').slice(0, 27)}"`;
  res.headers.set('etag', etag);
  res.headers.set('cache-control', 'private, no-cache');
  if (!names(c.req.header('if-none-match'), etag)) return;
  const headers = new Headers(res.headers);
  headers.delete('content-type');
  headers.delete('content-length');
  c.res = undefined;
  c.res = new Response(null, { status: 304, headers });
};

const names = (header: string | undefined, etag: string): boolean =>
  header?.trim() === '*' || (header ?? '').split(',').some((each) => weak(each) === weak(etag));

const weak = (etag: string) => etag.trim().replace(/^W\//, '');
