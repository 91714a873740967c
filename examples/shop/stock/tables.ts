import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../service/database.ts';

// #region tables
const TABLES = `
CREATE TABLE IF NOT EXISTS items (
  sku text PRIMARY KEY, on_hand int NOT NULL, reserved int NOT NULL DEFAULT 0,
  CHECK (reserved BETWEEN 0 AND on_hand)
);
CREATE TABLE IF NOT EXISTS reservations (
  order_id text PRIMARY KEY, sku text NOT NULL, quantity int NOT NULL,
  status text NOT NULL CHECK (status IN ('reserved', 'refused', 'released'))
)`;
// #endregion

@Injectable()
export class StockTables implements OnModuleInit {
  constructor(private readonly database: Database) {}

  async onModuleInit(): Promise<void> {
    await this.database.query(TABLES);
  }
}
