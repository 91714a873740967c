import { describe, expect, it } from '@jest/globals';
import { nearNames, suggestNames } from './near-names.ts';

describe('near names', () => {
  it('finds a mistyped name, nearest first', () => {
    expect(nearNames('wharehouse', ['warehouse', 'shop', 'ware'])).toEqual(['warehouse']);
    expect(nearNames('SHOP', ['shop', 'shops', 'stop'])).toEqual(['shop', 'shops', 'stop']);
    expect(nearNames('hsop', ['shop'])).toEqual(['shop']);
  });

  it('suggests nothing that is not alike', () => {
    expect(nearNames('orders', ['id', 'x', 'customers'])).toEqual([]);
  });

  it('says what is known when nothing is near', () => {
    expect(suggestNames('source', 'orders', ['crm'])).toBe('Known: "crm".');
    expect(suggestNames('source', 'orders', [])).toBe('There is no source yet.');
    expect(suggestNames('source', 'crn', ['crm'])).toBe('Did you mean "crm"?');
  });
});
