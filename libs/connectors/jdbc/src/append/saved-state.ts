import { formatLsn, parseLsn } from '@millrace/formats';
import type { Prepared } from './append-writer.ts';

type Saved = Omit<Prepared, 'position'> & { readonly position: readonly [lsn: string, index: number] | null };

/** The writer's saved state: what its snapshot has prepared. */
export function preparedText({ position, ...rest }: Prepared): Uint8Array {
  const saved: Saved = {
    ...rest,
    position: position === undefined ? null : [formatLsn(position.commitLsn), position.index],
  };
  return new Uint8Array(Buffer.from(JSON.stringify(saved)));
}

export function preparedFrom(value: Uint8Array): Prepared {
  const { position, ...rest } = JSON.parse(Buffer.from(value).toString()) as Saved;
  return {
    ...rest,
    position: position === null ? undefined : { commitLsn: parseLsn(position[0]), index: position[1] },
  };
}
