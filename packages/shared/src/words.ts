import type { Limit } from './definition/index.ts';

const units = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** `19.6 h`, `57 min`, `45 s`; minutes up to two hours. @param digits max decimals */
export function humanDuration(ms: number, digits = 1): string {
  if (ms === Infinity) return 'never';
  const [name, size] = units.find(([unit, each]) => ms >= (unit === 'h' ? 2 * each : each)) ?? units[2];
  return `${Number((ms / size).toFixed(digits))} ${name}`;
}

/** `1 call`, `2 calls` */
export const count = (number: number, thing: string): string =>
  `${number} ${thing}${number === 1 ? '' : 's'}`;

/** `6 unreadable: 4500012, 4500025, …` @param most how many ids to name */
export function unreadableText(
  { count: total, ids }: { readonly count: number; readonly ids: readonly (number | string)[] },
  most = 5,
): string {
  const named = ids.slice(0, most);
  const rest = named.length > 0 && named.length < total ? ', …' : '';
  return `${total} unreadable${named.length > 0 ? ': ' : ''}${named.join(', ')}${rest}`;
}

/** `5 calls per minute`, `15 calls per 15 min` */
export const rate = ({ limit, windowMs }: Limit): string =>
  `${count(limit, 'call')} per ${windowMs === 60_000 ? 'minute' : humanDuration(windowMs)}`;

const reasons: ReadonlyArray<readonly [RegExp, string]> = [
  [/ALTNAME_INVALID/, 'its certificate is for another host'],
  [/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, 'its certificate is expired or not yet valid'],
  [
    /UNABLE_TO_(VERIFY|GET_ISSUER)|SELF_SIGNED|CERT_UNTRUSTED|INVALID_CA/,
    'its certificate is not signed by a trusted authority',
  ],
  [/ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA)|HANDSHAKE_FAILURE/, 'it rejects our certificate'],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH|does not support (SSL|'tls')/,
    'it does not support TLS, which is required',
  ],
  [/^ERR_SSL_/, 'the TLS handshake failed'],
];

/** Why a TLS connection was refused, in words; undefined for other errors. Retrying does not help. */
export function tlsProblem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error ? String(error.code) : '';
  const [, reason] = reasons.find(([pattern]) => pattern.test(code) || pattern.test(error.message)) ?? [];
  return reason === undefined ? tlsProblem(error.cause) : `${reason} (${error.message})`;
}
