import { type LookupAddress, lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { type AddressPolicy, refused } from './address-policy.ts';

/** Resolves names to the addresses that are allowed. What is checked is what is connected to: a name that is resolved twice cannot lead elsewhere the second time. */
const guardedLookup =
  (policy: AddressPolicy): LookupFunction =>
  (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return done(error, '', 0);
      const allowed = found.filter(({ address }) => policy.allows(address));
      const [first] = allowed;
      if (first === undefined)
        return done(refused(host, found[0]?.address ?? host) as unknown as NodeJS.ErrnoException, '', 0);
      if (options.all === true) done(null, allowed);
      else done(null, first.address, first.family);
    });
  };

/** How the client connects: to allowed addresses only, whether they come from a name or stand in the URL. */
export function guardedConnector(
  policy: AddressPolicy,
  options: { readonly timeoutMs: number; readonly ca: string | undefined },
): buildConnector.connector {
  const { timeoutMs, ca } = options;
  const connect = buildConnector({
    timeout: timeoutMs,
    lookup: guardedLookup(policy),
    ...(ca === undefined ? {} : { ca }),
  });
  return (target, done) => {
    const host = target.hostname.replace(/^\[|\]$/g, '');
    // A literal address is connected to without a look-up.
    if (isIP(host) !== 0 && !policy.allows(host)) return done(refused(host, host), null);
    connect(target, done);
  };
}
