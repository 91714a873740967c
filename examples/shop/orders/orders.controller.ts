import {
  Body,
  ConflictException,
  Controller,
  Get,
  HttpCode,
  NotFoundException,
  Param,
  Post,
  Put,
  Query,
} from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../service/database.ts';
import { type OrderCommand, OrderRefused, type Placed, placedSchema, type Status } from './order.ts';
import { Orders } from './orders.service.ts';

const LISTED_MAX = 100;
const idSchema = z.string().regex(/^[A-Za-z0-9_-]{1,60}$/);

interface Answer {
  readonly id: string;
  readonly status: Status | undefined;
}

// #region controller
@Controller('orders')
export class OrdersController {
  constructor(
    private readonly orders: Orders,
    private readonly database: Database,
  ) {}

  /** The caller makes the id, so a request whose answer was lost is sent again. */
  @Put(':id')
  place(@Param('id', { schema: idSchema }) id: string, @Body({ schema: placedSchema }) order: Placed): Promise<Answer> {
    return this.#execute(id, { do: 'place', order });
  }

  @Post(':id/pay')
  @HttpCode(200)
  pay(@Param('id', { schema: idSchema }) id: string): Promise<Answer> {
    return this.#execute(id, { do: 'pay' });
  }

  @Post(':id/cancel')
  @HttpCode(200)
  cancel(@Param('id', { schema: idSchema }) id: string): Promise<Answer> {
    return this.#execute(id, { do: 'cancel' });
  }

  @Get(':id')
  async one(@Param('id', { schema: idSchema }) id: string): Promise<object> {
    const { rows } = await this.database.query('SELECT * FROM order_list WHERE id = $1', [id]);
    if (rows.length === 0) throw new NotFoundException(`there is no order ${id}`);
    return rows[0] as object;
  }

  @Get()
  async of(@Query('customer', { schema: placedSchema.shape.customer }) customer: string): Promise<readonly object[]> {
    const sql = 'SELECT * FROM order_list WHERE customer = $1 ORDER BY placed_at DESC LIMIT $2';
    return (await this.database.query(sql, [customer, LISTED_MAX])).rows;
  }

  async #execute(id: string, command: OrderCommand): Promise<Answer> {
    try {
      const { status } = await this.orders.execute(id, command);
      return { id, status };
    } catch (error) {
      if (error instanceof OrderRefused) throw new ConflictException(error.message);
      throw error;
    }
  }
}
// #endregion
