import { type LookupOptions, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isForbiddenHost } from '../config/index.ts';

/** As the system's, but for a name that leads to where nothing may be sent: whoever has the name may have changed that. */
export const safeLookup: LookupFunction = (host, options, done) => {
  systemLookup(host, options as LookupOptions, (error, found, family) => {
    const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found];
    const forbidden = error ? undefined : addresses.find(isForbiddenHost);
    if (forbidden === undefined) done(error, found, family);
    else done(Object.assign(new Error(`${host} leads to ${forbidden}`), { code: 'EFORBIDDENHOST' }), '');
  });
};
