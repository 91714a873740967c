import { MillraceError } from '@millrace/kernel';
import { LRUCache } from 'lru-cache';
import { RegistryRefused, SchemaIncompatible, SchemaUnknown } from '../errors.ts';
import { type RegistryAnswer, type RegistryError, RegistryHttp, type RegistryHttpOptions } from './http.ts';

/** Schemas remembered, by subject and text and by id. */
const CACHED_MAX = 1_000;
const OK = 200;
const NOT_FOUND = 404;
const CONFLICT = 409;
const UNPROCESSABLE = 422;
const SUBJECT_UNKNOWN = 40_401;

export type SchemaType = 'AVRO' | 'JSON';

export interface RegisteredSchema {
  readonly type: string;
  readonly text: string;
}

/** A schema to register. */
export interface NewSchema {
  readonly subject: string;
  readonly type: SchemaType;
  readonly text: string;
}

const bodyOf = ({ type, text }: NewSchema): unknown => ({
  schema: text,
  ...(type === 'AVRO' ? {} : { schemaType: type }),
});
const pathOf = (subject: string): string => `/subjects/${encodeURIComponent(subject)}`;
const nameOf = ({ subject, text }: Pick<NewSchema, 'subject' | 'text'>): string => `${subject}\n${text}`;
const messageOf = ({ body, status }: RegistryAnswer): string => (body as RegistryError).message ?? `HTTP ${status}`;

/**
 * A schema registry that speaks Confluent's protocol. What it has said is remembered: a schema's id never changes, and the same text of one subject has the
 * same id again.
 * https://docs.confluent.io/platform/current/schema-registry/develop/api.html
 */
export class SchemaRegistry {
  readonly #http: RegistryHttp;
  readonly #ids = new LRUCache<string, number>({ max: CACHED_MAX });
  readonly #schemas = new LRUCache<number, RegisteredSchema>({ max: CACHED_MAX });

  constructor(options: RegistryHttpOptions) {
    this.#http = new RegistryHttp(options);
  }

  /** Id of a schema that `register` or `find` has seen. */
  knownId(schema: Pick<NewSchema, 'subject' | 'text'>): number | undefined {
    return this.#ids.get(nameOf(schema));
  }

  /**
   * Registers a schema, unless it is registered already, and returns its id.
   * @throws MillraceError `kafka.schema_incompatible` with what is, `kafka.registry_refused`, `kafka.registry_unreachable`
   */
  async register(schema: NewSchema): Promise<number> {
    const answer = await this.#http.request('POST', `${pathOf(schema.subject)}/versions`, bodyOf(schema));
    if (answer.status === CONFLICT) throw this.#incompatible(schema, answer);
    return this.#takeId(schema, answer);
  }

  /** Id of a schema that must be registered. @throws MillraceError `kafka.schema_unknown`, `kafka.registry_refused`, `kafka.registry_unreachable` */
  async find(schema: NewSchema): Promise<number> {
    const answer = await this.#http.request('POST', pathOf(schema.subject), bodyOf(schema));
    if (answer.status !== NOT_FOUND) return this.#takeId(schema, answer);
    const isSubject = (answer.body as RegistryError).error_code !== SUBJECT_UNKNOWN;
    throw new MillraceError(SchemaUnknown, {
      message: isSubject
        ? `subject ${schema.subject} has other versions than the schema that is needed`
        : `there is no subject ${schema.subject}`,
      mend: `Register this schema, or set registerSchemas: ${schema.text}`,
      details: { subject: schema.subject, schema: schema.text },
    });
  }

  /** A schema by its id. @throws MillraceError `kafka.schema_unknown`, `kafka.registry_refused`, `kafka.registry_unreachable` */
  async schema(id: number): Promise<RegisteredSchema> {
    const known = this.#schemas.get(id);
    if (known !== undefined) return known;
    const answer = await this.#http.request('GET', `/schemas/ids/${id}`);
    if (answer.status === NOT_FOUND) {
      throw new MillraceError(SchemaUnknown, {
        message: `the schema registry has no schema ${id}`,
        mend: 'Use the registry that the writer of the messages used.',
        details: { id },
      });
    }
    const schema = this.#schemaOf(answer);
    this.#schemas.set(id, schema);
    return schema;
  }

  /** Newest version of a subject; `undefined` when there is none. @throws MillraceError `kafka.registry_refused`, `kafka.registry_unreachable` */
  async latest(subject: string): Promise<RegisteredSchema | undefined> {
    const answer = await this.#http.request('GET', `${pathOf(subject)}/versions/latest`);
    return answer.status === NOT_FOUND ? undefined : this.#schemaOf(answer);
  }

  /** How many subjects there are. @throws MillraceError `kafka.registry_refused`, `kafka.registry_unreachable` */
  async countSubjects(): Promise<number> {
    const answer = await this.#http.request('GET', '/subjects');
    if (!Array.isArray(answer.body)) throw this.#refused('to list its subjects', answer);
    return answer.body.length;
  }

  /** How strictly new versions are compared, by the subject's own setting or that of all; `undefined` when the registry does not say. */
  async compatibilityLevel(subject: string): Promise<string | undefined> {
    for (const path of [`/config/${encodeURIComponent(subject)}?defaultToGlobal=true`, '/config']) {
      const { body } = await this.#http.request('GET', path);
      const { compatibilityLevel } = body as { readonly compatibilityLevel?: string };
      if (compatibilityLevel !== undefined) return compatibilityLevel;
    }
    return undefined;
  }

  /** Why the schema could not be registered; `undefined` when it could. */
  async incompatibility(schema: NewSchema): Promise<string | undefined> {
    const path = `/compatibility${pathOf(schema.subject)}/versions/latest?verbose=true`;
    const answer = await this.#http.request('POST', path, bodyOf(schema));
    // No version yet: nothing to be compatible with.
    if (answer.status !== OK) return undefined;
    const { is_compatible, messages, reason } = answer.body as CompatibilityAnswer;
    return is_compatible === false ? (messages?.join('; ') ?? reason ?? 'it does not say why') : undefined;
  }

  #takeId(schema: NewSchema, answer: RegistryAnswer): number {
    const { id } = answer.body as { readonly id?: unknown };
    if (answer.status !== OK || typeof id !== 'number') throw this.#refused(schema.subject, answer);
    this.#ids.set(nameOf(schema), id);
    return id;
  }

  #schemaOf(answer: RegistryAnswer): RegisteredSchema {
    const { schema, schemaType = 'AVRO', references = [] } = answer.body as SchemaAnswer;
    if (answer.status !== OK || schema === undefined) throw this.#refused('a schema', answer);
    if (references.length > 0) {
      throw new MillraceError(RegistryRefused, {
        message: 'a schema refers to others, which is not supported',
        mend: 'Register the schema with what it refers to inside it.',
      });
    }
    return { type: schemaType, text: schema };
  }

  #incompatible({ subject, text }: NewSchema, answer: RegistryAnswer): MillraceError {
    return new MillraceError(SchemaIncompatible, {
      message: `the new schema of subject ${subject} is not compatible with its versions: ${messageOf(answer)}`,
      mend: `Undo the change in the source, map the column back to its old type in a select, write to another topic, or lower the compatibility level of the subject (PUT ${this.#http.url}/config/${subject}) when all readers can take the change; then resume.`,
      details: { subject, schema: text },
    });
  }

  #refused(what: string, answer: RegistryAnswer): MillraceError {
    const isInvalid = answer.status === UNPROCESSABLE;
    return new MillraceError(RegistryRefused, {
      message: `the schema registry refuses ${what}: ${messageOf(answer)}`,
      mend: isInvalid
        ? 'The registry does not take this kind of schema. Check that it knows Avro and JSON Schema.'
        : 'Check schemaRegistry.url and the rights of its user.',
      pointer: '/schemaRegistry',
    });
  }
}

interface SchemaAnswer {
  readonly schema?: string;
  readonly schemaType?: string;
  readonly references?: readonly unknown[];
}

interface CompatibilityAnswer {
  readonly is_compatible?: boolean;
  readonly messages?: readonly string[];
  readonly reason?: string;
}
