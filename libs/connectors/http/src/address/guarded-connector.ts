import { isIP } from 'node:net';
import { type AddressPolicy, guardedLookup } from '@millrace/connector-contract';
import { buildConnector } from 'undici';
import { addressRefused } from '../errors.ts';

/** How the client connects: to allowed addresses only, whether they come from a name or stand in the URL. */
export function guardedConnector(
  policy: AddressPolicy,
  options: { readonly timeoutMs: number; readonly ca: string | undefined },
): buildConnector.connector {
  const { timeoutMs, ca } = options;
  const connect = buildConnector({
    timeout: timeoutMs,
    lookup: guardedLookup(policy, addressRefused),
    ...(ca === undefined ? {} : { ca }),
  });
  return (target, done) => {
    const host = target.hostname.replace(/^\[|\]$/g, '');
    // A literal address is connected to without a look-up.
    if (isIP(host) !== 0 && !policy.allows(host)) return done(addressRefused(host, host), null);
    connect(target, done);
  };
}
