import type { ValueKind } from './value-kind.ts';

/** Where the values of one place of a kind are stored: an array of numbers, or JavaScript values as they are. */
export type LeafStore = 'Int32Array' | 'Float64Array' | 'Uint8Array' | 'BigInt64Array' | 'values';

/** A kind with the numbers of the arrays that its values go to. */
export interface KindNode {
  readonly kind: ValueKind;
  /** Null or undefined: 1 or 2; 0 for a value. */
  readonly nulls: number | undefined;
  /** Values; of texts and lists their lengths. */
  readonly leaf: number | undefined;
  /** Number of the joined text. */
  readonly text: number | undefined;
  readonly parts: readonly KindNode[];
}

/** What one kind needs: the same at both ends of a stream. */
export interface KindLayout {
  readonly root: KindNode;
  readonly leaves: readonly LeafStore[];
  readonly textCount: number;
}

const STORES: { readonly [type in ValueKind['type']]?: LeafStore } = {
  int32: 'Int32Array',
  float64: 'Float64Array',
  boolean: 'Uint8Array',
  int64: 'BigInt64Array',
  text: 'Uint8Array',
  list: 'Int32Array',
  any: 'values',
};

export function layoutOf(kind: ValueKind): KindLayout {
  const leaves: LeafStore[] = [];
  let textCount = 0;
  const place = (each: ValueKind): KindNode => {
    const store = STORES[each.type];
    return {
      kind: each,
      nulls: each.hasNulls ? leaves.push('Uint8Array') - 1 : undefined,
      leaf: store === undefined ? undefined : leaves.push(store) - 1,
      text: each.type === 'text' ? textCount++ : undefined,
      parts: each.parts.map(place),
    };
  };
  const root = place(kind);
  return { root, leaves, textCount };
}

/** The arrays of numbers that get at most one value for each element of `node` itself, not counting those inside lists in it. */
export function leavesBeside(node: KindNode): readonly number[] {
  const own = [node.nulls, node.kind.type === 'any' ? undefined : node.leaf].filter((leaf) => leaf !== undefined);
  return node.kind.type === 'list' ? own : [...own, ...node.parts.flatMap(leavesBeside)];
}
