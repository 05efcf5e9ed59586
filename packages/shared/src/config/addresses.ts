import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { mayRunFaster } from '../clock/index.ts';

/** Where a machine finds itself, its neighbours on the cable, or the secrets of its cloud; and nobody's address. */
const nobodys = new BlockList();
nobodys.addSubnet('169.254.0.0', 16, 'ipv4');
nobodys.addSubnet('0.0.0.0', 8, 'ipv4');
nobodys.addAddress('100.100.100.200', 'ipv4');
nobodys.addAddress('192.0.0.192', 'ipv4');
nobodys.addSubnet('fe80::', 10, 'ipv6');
nobodys.addAddress('::', 'ipv6');
nobodys.addAddress('fd00:ec2::254', 'ipv6');
const nobodysNames = /^(metadata|instance-data)$|(^|\.)metadata\.google\.internal\.?$/i;

/** Whether nothing of ours may be sent to this host: link-local, unspecified, or the metadata service of a cloud. */
export function isForbiddenHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  const family = isIP(bare);
  if (family === 0) return nobodysNames.test(bare);
  return nobodys.check(bare, family === 6 ? 'ipv6' : 'ipv4');
}

const httpUrl = z
  .url({ protocol: /^https?$/, message: 'must be an http(s) URL', abort: true })
  .refine((text) => !hasCredentials(text), 'must hold no user and password');

const target = httpUrl.refine((text) => !isForbiddenHost(new URL(text).hostname), {
  message: 'must not lead to a link-local or metadata address',
});

/** What carries a secret goes in the clear to this machine itself only, or to a sandbox among containers. */
const isSafe = (text: string) => new URL(text).protocol === 'https:' || mayRunFaster(text);
const safe = 'must be https, but on loopback or under .test';

function hasCredentials(text: string): boolean {
  const { username, password } = new URL(text);
  return username !== '' || password !== '';
}

const withoutSlash = (url: string) => url.replace(/\/+$/, '');

/** An address that people open. */
export const pageUrl = httpUrl;

/** The address below which people find all pages, without a slash at its end. */
export const publicUrl = httpUrl.transform(withoutSlash);

/** Where upstream's API lives, without a slash at its end: the key goes there and nowhere else. */
export const upstreamUrl = target
  .refine(isSafe, safe)
  .refine((text) => !/[?#]/.test(text), 'must end with its path: without ? and #')
  .transform(withoutSlash);

/** An address whose path is a secret. */
export const webhookUrl = target.refine(isSafe, safe);

/** A path below the base URL, from which nothing that is filled in can lead away. */
export const pathBelow = (mustHold: string) =>
  z
    .string()
    .startsWith('/', 'must start with "/"')
    .refine((text) => text.includes(mustHold), { message: `must contain "${mustHold}"` })
    .refine(staysBelow, 'must stay below the base URL: without //, .., \\ and #');

function staysBelow(path: string): boolean {
  if (/[\\#\s]/.test(path) || path.includes('//')) return false;
  const { host, pathname } = new URL(`https://base.test/below${path}`);
  return host === 'base.test' && pathname.startsWith('/below/') && !/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(path);
}
