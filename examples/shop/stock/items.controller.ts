import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../service/database.ts';

const skuSchema = z.string().min(1).max(100);
const deliveredSchema = z.object({ onHand: z.int().min(0).max(1_000_000_000) });

interface Item {
  readonly sku: string;
  readonly onHand: number;
  readonly reserved: number;
}

@Controller('items')
export class ItemsController {
  constructor(private readonly database: Database) {}

  @Get()
  async all(): Promise<readonly Item[]> {
    return (await this.database.query<Item>('SELECT sku, on_hand AS "onHand", reserved FROM items ORDER BY sku')).rows;
  }

  /** What was counted in the warehouse. */
  @Put(':sku')
  async count(
    @Param('sku', { schema: skuSchema }) sku: string,
    @Body({ schema: deliveredSchema }) { onHand }: z.infer<typeof deliveredSchema>,
  ): Promise<Item> {
    const { rows } = await this.database.query<Item>(
      `INSERT INTO items (sku, on_hand) VALUES ($1, $2) ON CONFLICT (sku) DO UPDATE SET on_hand = excluded.on_hand
       RETURNING sku, on_hand AS "onHand", reserved`,
      [sku, onHand],
    );
    return rows[0]!;
  }
}
