import { z } from 'zod';
import { type EventsOf, eventTypes } from '../events/event-types.ts';

/** Events of the tests' shopping carts. */
export const cartTypes = eventTypes({
  ItemAdded: {
    version: 2,
    schema: z.object({ sku: z.string().min(1), quantity: z.int().min(1) }),
    upcast: { 1: (data: { item: string }) => ({ sku: data.item, quantity: 1 }) },
  },
  CheckedOut: { schema: z.object({ total: z.number().min(0) }) },
});

export type CartEvent = EventsOf<typeof cartTypes>;

export const added = (sku: string, quantity = 1): CartEvent => ({ type: 'ItemAdded', data: { sku, quantity } });
