/** Made by millrace typegen --source stock: make it again when tables change. */

export class Reservations {
  static readonly source = 'stock';
  static readonly table = 'public.reservations';
  declare readonly order_id: string;
  declare readonly sku: string;
  declare readonly quantity: number;
  declare readonly status: string;
}
