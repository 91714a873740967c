/** A table of the source `shop`: the columns that the handlers look at. */
export class Orders {
  static readonly source = 'shop';
  static readonly table = 'public.orders';
  declare readonly id: number;
  declare readonly customer: string;
  declare readonly total: string;
}
