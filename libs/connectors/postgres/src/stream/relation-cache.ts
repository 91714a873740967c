import type { Column, TableSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { ProtocolViolation } from '../errors.ts';
import { formatBuiltinType, kindOfType } from '../types/builtin-types.ts';
import type { TableCatalog } from '../types/table-catalog.ts';

/** A table as the latest Relation message describes it. */
export interface Relation {
  readonly oid: number;
  readonly schema: TableSchema;
  /** Fields of the tuple that make the key. */
  readonly keyFields: readonly number[];
  /** Its events go through the initial load. Set by whoever knows, refreshed at snapshots. */
  loading: boolean;
}

const IDENTITY: Readonly<Record<string, TableSchema['replicaIdentity']>> = {
  d: 'default',
  n: 'nothing',
  f: 'full',
  i: 'index',
};

/** Column flag of a Relation message: part of the replica identity. */
const FLAG_IDENTITY = 1;

/**
 * Tables and types the stream has announced. pgoutput sends a Relation before the first change of a table and whenever its shape
 * changed, so an event always has the version it was written with.
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 *
 * The stream gives type OIDs; what it leaves out comes from the catalog as read at the start where the column is still the same one.
 */
export class RelationCache {
  readonly #relations = new Map<number, Relation>();
  readonly #typeNames = new Map<number, string>();
  readonly #catalog: TableCatalog;
  #last: Relation | undefined;

  constructor(catalog: TableCatalog) {
    this.#catalog = catalog;
  }

  all(): Iterable<Relation> {
    return this.#relations.values();
  }

  /** @throws MillraceError `postgres.protocol_violation` when the stream has not announced it. */
  get(oid: number): Relation {
    const last = this.#last;
    if (last !== undefined && last.oid === oid) return last;
    const relation = this.#relations.get(oid);
    if (relation === undefined) {
      throw new MillraceError(ProtocolViolation, {
        message: `the stream has a change of relation ${oid}, which it never described`,
        mend: 'Restart the job; report this if it comes back.',
      });
    }
    this.#last = relation;
    return relation;
  }

  /** Takes a Type message (body after the tag): sent before a Relation that uses a type that is not built in. */
  addType(bytes: Buffer, start: number): void {
    const schemaEnd = bytes.indexOf(0, start + 4);
    const schema = bytes.toString('utf8', start + 4, schemaEnd);
    const name = bytes.toString('utf8', schemaEnd + 1, bytes.indexOf(0, schemaEnd + 1));
    this.#typeNames.set(bytes.readUInt32BE(start), schema === '' ? name : `${schema}.${name}`);
  }

  /** Takes a Relation message (body after the tag) and returns what it describes. */
  addRelation(bytes: Buffer, start: number): Relation {
    const oid = bytes.readUInt32BE(start);
    const schemaEnd = bytes.indexOf(0, start + 4);
    const schemaName = bytes.toString('utf8', start + 4, schemaEnd) || 'pg_catalog';
    const tableEnd = bytes.indexOf(0, schemaEnd + 1);
    const table = bytes.toString('utf8', schemaEnd + 1, tableEnd);
    const replicaIdentity = IDENTITY[String.fromCharCode(bytes[tableEnd + 1]!)] ?? 'default';
    const fieldCount = bytes.readUInt16BE(tableEnd + 2);
    const columns: Column[] = [];
    let at = tableEnd + 4;
    for (let field = 0; field < fieldCount; field++) {
      const nameEnd = bytes.indexOf(0, at + 1);
      const inIdentity = (bytes[at]! & FLAG_IDENTITY) !== 0;
      const name = bytes.toString('utf8', at + 1, nameEnd);
      columns.push(
        this.#column(
          oid,
          field,
          name,
          bytes.readUInt32BE(nameEnd + 1),
          bytes.readInt32BE(nameEnd + 5),
          replicaIdentity,
          inIdentity,
        ),
      );
      at = nameEnd + 9;
    }
    return this.#remember(oid, {
      id: `${schemaName}.${table}`,
      schema: schemaName,
      table,
      columns,
      fieldCount,
      replicaIdentity,
    });
  }

  #column(
    oid: number,
    field: number,
    name: string,
    typeOid: number,
    modifier: number,
    identity: TableSchema['replicaIdentity'],
    inIdentity: boolean,
  ): Column {
    const found = this.#catalog.get(oid)?.get(name);
    const known = found?.typeOid === typeOid && found.modifier === modifier ? found : undefined;
    // With the full identity every column is flagged, with none none is: then only the catalog knows the key.
    const key = identity === 'full' || identity === 'nothing' ? (found?.inPrimaryKey ?? false) : inIdentity;
    return {
      name,
      field,
      kind: known?.kind ?? kindOfType(typeOid),
      sqlType: known?.sqlType ?? formatBuiltinType(typeOid, modifier) ?? this.#typeNames.get(typeOid) ?? 'text',
      key,
      nullable: known?.nullable ?? true,
    };
  }

  /** The same description again keeps its object: batches list each version once. */
  #remember(oid: number, schema: TableSchema): Relation {
    const previous = this.#relations.get(oid);
    this.#last = undefined;
    if (previous !== undefined && JSON.stringify(previous.schema) === JSON.stringify(schema)) return previous;
    const keyFields = schema.columns.filter((column) => column.key).map((column) => column.field);
    const relation: Relation = { oid, schema, keyFields, loading: previous?.loading ?? false };
    this.#relations.set(oid, relation);
    return relation;
  }
}
