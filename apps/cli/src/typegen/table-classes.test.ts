import { describe, expect, it } from '@jest/globals';
import { className, tableClasses } from './table-classes.ts';

describe('typegen', () => {
  it('names classes after their tables', () => {
    expect(['public.orders', 'public.order_lines', 'sales.2024 lines', 'public.7'].map(className)).toEqual([
      'Orders',
      'OrderLines',
      'Sales2024Lines',
      'Table7',
    ]);
  });

  it('gives columns the types that the SDK reads them with', () => {
    const column = (name: string, kind: string, isNullable = false, isKey = false) => ({
      name,
      kind,
      isNullable,
      isKey,
    });
    const columns = [
      column('id', 'bigint', true, true),
      column('total', 'exact'),
      column('paid at', 'timestamptz', true),
      column('tags', 'json', true),
    ];
    expect(
      tableClasses('shop', [
        { table: 'public.orders', columns },
        { table: 'public.Orders', columns: [] },
      ]),
    ).toBe(
      [
        '/** Made by millrace typegen --source shop: make it again when tables change. */',
        '',
        'export class Orders {',
        '  static readonly source = "shop";',
        '  static readonly table = "public.orders";',
        '  declare readonly id: bigint;',
        '  declare readonly total: string;',
        '  declare readonly "paid at": string | null;',
        '  declare readonly tags: unknown | null;',
        '}',
        '',
        'export class Orders2 {',
        '  static readonly source = "shop";',
        '  static readonly table = "public.Orders";',
        '}',
        '',
      ].join('\n'),
    );
  });
});
