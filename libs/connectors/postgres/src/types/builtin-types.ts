import type { ColumnKind } from '@millrace/formats';

/** OIDs of the types in `pg_type.dat`, fixed since they were introduced; names as `format_type` prints them. */
const BUILTIN: Readonly<Record<number, readonly [name: string, kind: ColumnKind]>> = {
  16: ['boolean', 'boolean'],
  17: ['bytea', 'bytea'],
  18: ['"char"', 'text'],
  19: ['name', 'text'],
  20: ['bigint', 'bigint'],
  21: ['smallint', 'integer'],
  23: ['integer', 'integer'],
  25: ['text', 'text'],
  26: ['oid', 'integer'],
  114: ['json', 'json'],
  142: ['xml', 'text'],
  600: ['point', 'text'],
  601: ['lseg', 'text'],
  602: ['path', 'text'],
  603: ['box', 'text'],
  604: ['polygon', 'text'],
  628: ['line', 'text'],
  650: ['cidr', 'text'],
  700: ['real', 'float'],
  701: ['double precision', 'float'],
  718: ['circle', 'text'],
  774: ['macaddr8', 'text'],
  790: ['money', 'exact'],
  829: ['macaddr', 'text'],
  869: ['inet', 'text'],
  1042: ['character', 'text'],
  1043: ['character varying', 'text'],
  1082: ['date', 'date'],
  1083: ['time without time zone', 'time'],
  1114: ['timestamp without time zone', 'timestamp'],
  1184: ['timestamp with time zone', 'timestamptz'],
  1186: ['interval', 'text'],
  1266: ['time with time zone', 'text'],
  1560: ['bit', 'text'],
  1562: ['bit varying', 'text'],
  1700: ['numeric', 'exact'],
  2950: ['uuid', 'uuid'],
  3220: ['pg_lsn', 'text'],
  3614: ['tsvector', 'text'],
  3615: ['tsquery', 'text'],
  3802: ['jsonb', 'json'],
  3904: ['int4range', 'text'],
  3906: ['numrange', 'text'],
  3908: ['tsrange', 'text'],
  3910: ['tstzrange', 'text'],
  3912: ['daterange', 'text'],
  3926: ['int8range', 'text'],
  4072: ['jsonpath', 'text'],
  4451: ['int4multirange', 'text'],
  4532: ['nummultirange', 'text'],
  4533: ['tsmultirange', 'text'],
  4534: ['tstzmultirange', 'text'],
  4535: ['datemultirange', 'text'],
  4536: ['int8multirange', 'text'],
};

/** Array types and their elements. */
const ARRAY_OF: Readonly<Record<number, number>> = {
  199: 114,
  143: 142,
  651: 650,
  719: 718,
  775: 774,
  791: 790,
  1000: 16,
  1001: 17,
  1002: 18,
  1003: 19,
  1005: 21,
  1007: 23,
  1009: 25,
  1014: 1042,
  1015: 1043,
  1016: 20,
  1017: 600,
  1018: 601,
  1019: 602,
  1020: 603,
  1021: 700,
  1022: 701,
  1027: 604,
  1028: 26,
  1040: 829,
  1041: 869,
  1115: 1114,
  1182: 1082,
  1183: 1083,
  1185: 1184,
  1187: 1186,
  1231: 1700,
  1270: 1266,
  1561: 1560,
  1563: 1562,
  2951: 2950,
  3221: 3220,
  3643: 3614,
  3645: 3615,
  3807: 3802,
  3905: 3904,
  3907: 3906,
  3909: 3908,
  3911: 3910,
  3913: 3912,
  3927: 3926,
  4073: 4072,
  629: 628,
  6150: 4451,
  6151: 4532,
  6152: 4533,
  6153: 4534,
  6155: 4535,
  6157: 4536,
};

/** How a column of this type becomes JSON. Types we don't know are text, never an error. */
export const kindOfType = (typeOid: number): ColumnKind => BUILTIN[typeOid]?.[1] ?? 'text';

/**
 * What `format_type(typeOid, modifier)` prints for a built-in type; `undefined` for others. For types that turn up in the stream
 * after the catalog was read. (format_type.c; the modifiers are written by each type's typmodin function.)
 */
export function formatBuiltinType(typeOid: number, modifier: number): string | undefined {
  const element = ARRAY_OF[typeOid];
  if (element !== undefined) {
    const inner = formatBuiltinType(element, modifier);
    return inner === undefined ? undefined : `${inner}[]`;
  }
  const name = BUILTIN[typeOid]?.[0];
  if (name === undefined) return undefined;
  return modifier < 0 ? (WITHOUT_LENGTH[typeOid] ?? name) : withModifier(typeOid, name, modifier);
}

/** SQL's `character` and `bit` without a length mean a length of 1; the types without one have other names. */
const WITHOUT_LENGTH: Readonly<Record<number, string>> = { 1042: 'bpchar', 1560: '"bit"' };

function withModifier(typeOid: number, name: string, modifier: number): string {
  switch (typeOid) {
    case 1042:
    case 1043:
      return `${name}(${modifier - 4})`;
    case 1560:
    case 1562:
      return `${name}(${modifier})`;
    case 1700: {
      // Since 15 the scale is signed, in eleven bits.
      const precision = ((modifier - 4) >> 16) & 0xffff;
      const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
      return `${name}(${precision},${scale})`;
    }
    case 1083:
    case 1114:
    case 1184:
    case 1266:
      return name.replace(' ', `(${modifier}) `);
    case 1186: {
      const precision = modifier & 0xffff;
      // The high half says which fields; only the plain `interval(p)` is written here, others lose their restriction.
      return precision === 0xffff ? name : `${name}(${precision})`;
    }
    default:
      return name;
  }
}
