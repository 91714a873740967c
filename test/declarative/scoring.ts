// #region scoring
import { setTimeout } from 'node:timers/promises';
import type { MapFunction } from '@millrace/pipeline';

/** What another system says of an order; this one takes its time. */
const score: MapFunction = async ({ id, total, country }, { signal, options }) => {
  await setTimeout(Number(id) % 5, undefined, { signal });
  const { factor } = options as { readonly factor: number };
  return {
    score: Math.round(Number(total) * factor),
    tags: { country },
    remark: Number(id) % 3 === 0 ? null : `order ${id}`,
  };
};

export default score;
// #endregion scoring
