import { type LookupAddress, lookup as resolve } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { AddressPolicy } from './address-policy.ts';

/**
 * Resolves names to the addresses that are allowed. What is checked is what is connected to: a name that is resolved twice cannot lead elsewhere the second time.
 * @param refused makes the error of a name that leads to no allowed address
 */
export const guardedLookup =
  (policy: AddressPolicy, refused: (host: string, address: string) => Error): LookupFunction =>
  (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return done(error, '', 0);
      const allowed = found.filter(({ address }) => policy.allows(address));
      const [first] = allowed;
      if (first === undefined) return done(refused(host, found[0]?.address ?? host), '', 0);
      if (options.all === true) done(null, allowed);
      else done(null, first.address, first.family);
    });
  };
