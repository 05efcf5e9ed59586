import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';

/**
 * The network that an address belongs to, as far as one client can choose its addresses: an IPv4 address itself, of an
 * IPv6 address the first 64 bits.
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - groups.length - after.length;
  return `${[...groups, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4).join(':')}::/64`;
}

/** Where a request comes from. Behind a proxy all come from there. */
export const placeOf = (c: Context): string => networkOf(getConnInfo(c).remote.address ?? 'unknown');

/** Whose request it is: a token at a place, or a place where no token was needed. */
export const clientOf = (c: Context, caller = c.get('caller')): string =>
  `${caller ?? 'anybody'} ${placeOf(c)}`;
