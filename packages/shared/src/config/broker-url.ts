import { z } from 'zod';

const schemes = new Set(['nats:', 'tls:', 'ws:', 'wss:']);

/** The servers of one broker, as people write them: `nats://a:4222,nats://b:4222`. */
export const serversOf = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/** The URL of a broker: one server, or several of one cluster, comma-separated, all with the same credentials. */
export const brokerUrl = z
  .string()
  .refine((text) => serversOf(text).length > 0 && serversOf(text).every(isServer), {
    message: 'must be a nats:// URL, or several, comma-separated',
    abort: true,
  })
  .refine((text) => new Set(serversOf(text).map(credentialsOf)).size === 1, {
    message: 'must have the same user and password for each of its servers',
  });

function isServer(text: string): boolean {
  return URL.canParse(text) && schemes.has(new URL(text).protocol);
}

function credentialsOf(text: string): string {
  const { username, password } = new URL(text);
  return `${username}:${password}`;
}
