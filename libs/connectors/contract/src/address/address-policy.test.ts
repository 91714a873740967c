import { describe, expect, it } from '@jest/globals';
import { AddressPolicy, isRange } from './address-policy.ts';

describe('addresses that may be connected to', () => {
  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.0.1',
    '100.64.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'fd00:ec2::254',
    'fe80::1',
    'ff02::1',
  ])('are not %s, unless it is allowed', (address) => {
    expect(new AddressPolicy([]).allows(address)).toBe(false);
    expect(new AddressPolicy([address]).allows(address)).toBe(true);
  });

  it.each(['1.1.1.1', '93.184.216.34', '172.32.0.1', '2606:4700:4700::1111'])('are %s', (address) => {
    expect(new AddressPolicy([]).allows(address)).toBe(true);
  });

  it('are those of a range that is allowed, and no others', () => {
    const policy = new AddressPolicy(['10.1.0.0/16', 'fd00::/8']);
    const allowed = ['10.1.255.1', '10.2.0.1', 'fd12::1', '127.0.0.1'].map((address) => policy.allows(address));
    expect(allowed).toEqual([true, false, true, false]);
    expect(['10.0.0.0/8', '::1', '::/129', '10.0.0.0/33', 'localhost', '10.0.0.0/8/8', ''].map(isRange)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
