// #region table
export class Orders {
  static readonly source = 'shop';
  static readonly table = 'public.orders';
  declare readonly id: number;
  declare readonly customer: string;
  declare readonly total: string;
}
// #endregion table
