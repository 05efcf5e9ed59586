import { isSandboxUrl } from '../clock/index.ts';
import { upstreamUrl } from '../config/addresses.ts';
import { accountOf } from '../limiter/account.ts';
import { readUpstreams } from './load.ts';
import type { Upstream } from './upstream.ts';

/** An upstream that programs may use, and what it takes to call it. */
export interface OpenUpstream {
  readonly upstream: Upstream;
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly key: string;
  /** The limiter's name for the account of the key. */
  readonly account: string;
}

/** The upstreams of these names, with their address and key from the variables, and every problem with those. */
export function openUpstreams(
  env: NodeJS.ProcessEnv,
  names: readonly string[],
  clock: { readonly scale: number },
): { readonly open: readonly OpenUpstream[]; readonly problems: readonly string[] } {
  const { names: known, upstreams } = readUpstreams(env);
  const problems: string[] = [];
  const open = names.flatMap((name): OpenUpstream[] => {
    if (!known.includes(name))
      problems.push(`API_UPSTREAMS names "${name}", which is not among the upstreams: ${known.join(', ')}`);
    const upstream = Object.hasOwn(upstreams, name) ? upstreams[name] : undefined;
    // The mistakes of its file are reported with the file.
    if (!upstream) return [];
    const { secret } = upstream.auth;
    const key = env[secret];
    if (!key) problems.push(`${secret} is missing: API_UPSTREAMS names ${name}`);
    const variable = `${name.toUpperCase()}_BASE_URL`;
    const address = upstreamUrl.safeParse(env[variable] || upstream.baseUrl);
    if (!address.success)
      problems.push(`${variable} ${address.error.issues.map(({ message }) => message).join('; ')}`);
    else if (clock.scale !== 1 && !isSandboxUrl(address.data))
      problems.push(`PACELINE_CLOCK can only speed up time when ${variable} is on loopback or under .test`);
    return key && address.success
      ? [{ upstream, baseUrl: address.data, key, account: accountOf(key, name) }]
      : [];
  });
  return { open, problems };
}
