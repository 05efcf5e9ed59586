const reasons: ReadonlyArray<readonly [RegExp, string]> = [
  [/ALTNAME_INVALID/, 'its certificate is for another host'],
  [/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, 'its certificate is not valid now'],
  [
    /UNABLE_TO_(VERIFY|GET_ISSUER)|SELF_SIGNED|CERT_UNTRUSTED|INVALID_CA/,
    'its certificate is signed by nobody who is trusted here',
  ],
  [
    /ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA)|HANDSHAKE_FAILURE/,
    'it does not take our certificate',
  ],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH|does not support (SSL|'tls')/,
    'it speaks no TLS, which is wanted here',
  ],
  [/^ERR_SSL_/, 'TLS with it fails'],
];

/** Why TLS keeps us from a server, in words; undefined when it is not TLS that does. It lasts until somebody mends it. */
export function tlsRefusal(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error ? String(error.code) : '';
  const [, reason] = reasons.find(([pattern]) => pattern.test(code) || pattern.test(error.message)) ?? [];
  return reason === undefined ? tlsRefusal(error.cause) : `${reason} (${error.message})`;
}
