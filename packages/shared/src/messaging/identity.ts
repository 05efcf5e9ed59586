import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/**
 * Checks that a certificate is for the server that was asked for. The client tells the name of a server, but nothing of
 * one that is known by its address: Node would then take a certificate for `localhost`.
 * @param hosts of the servers that we know
 */
export const identityOf =
  (hosts: readonly string[]) =>
  (name: string, certificate: PeerCertificate): Error | undefined => {
    const addresses = hosts.filter((host) => isIP(host) !== 0);
    const wanted = hosts.includes(name) || addresses.length === 0 ? [name] : addresses;
    const problems = wanted.map((host) => checkServerIdentity(host, certificate));
    return problems.includes(undefined) ? undefined : problems[0];
  };
