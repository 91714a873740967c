/** Made by millrace typegen --source orders: make it again when tables change. */

export class Orders {
  static readonly source = 'orders';
  static readonly table = 'public.orders';
  declare readonly id: string;
  declare readonly customer: string;
  declare readonly sku: string;
  declare readonly quantity: number;
  declare readonly cents: number;
  declare readonly status: string;
}
