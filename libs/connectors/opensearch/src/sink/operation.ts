import type { ChangeBatch, TableSchema } from '@millrace/formats';

/** What an event does to an index. */
export interface Operation {
  readonly action: 'index' | 'create' | 'delete';
  readonly index: string;
  readonly id: string;
  readonly routing: string | undefined;
  /** The cluster takes it if it has an older one; absent with `create`. */
  readonly version: bigint | undefined;
  /** JSON; absent with `delete`. */
  readonly source: Uint8Array | undefined;
  readonly schema: TableSchema;
  /** Where the event is, for a policy that sets it aside. */
  readonly at: { readonly batch: ChangeBatch; readonly index: number } | undefined;
  /** Of its transaction, milliseconds since 1970. */
  readonly commitTimeMs: number | undefined;
}

/** What an operation takes in a request, about. */
export const bytesOf = ({ id, index, source }: Operation): number =>
  id.length + index.length + HEAD_BYTES + (source?.length ?? 0);

const HEAD_BYTES = 100;
const LINE_FEED = Buffer.from('\n');

/** Which document it is about. */
export const documentOf = ({ index, id }: Operation): string => `${index}\0${id}`;

/** The body of a bulk request. https://docs.opensearch.org/latest/api-reference/document-apis/bulk/ */
export function bulkBody(operations: readonly Operation[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const operation of operations) {
    parts.push(Buffer.from(headOf(operation)));
    if (operation.source !== undefined) parts.push(operation.source, LINE_FEED);
  }
  return Buffer.concat(parts);
}

function headOf({ action, index, id, routing, version }: Operation): string {
  const head = JSON.stringify({ _index: index, _id: id, ...(routing === undefined ? {} : { routing }) });
  // A version has more digits than a number of JavaScript.
  const versioned =
    version === undefined ? head : `${head.slice(0, -1)},"version":${version},"version_type":"external"}`;
  return `{"${action}":${versioned}}\n`;
}
