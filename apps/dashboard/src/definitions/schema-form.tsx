import {
  Checkbox,
  Fieldset,
  NumberInput,
  PasswordInput,
  Select,
  SimpleGrid,
  TagsInput,
  Textarea,
  TextInput,
} from '@mantine/core';
import type { Problem } from '@millrace/sdk/client';
import type { OptionSchema, Options } from './schema.ts';

export interface SchemaFormProps {
  readonly schema: OptionSchema;
  readonly value: Options;
  readonly onChange: (value: Options) => void;
  /** What the API found wrong, shown at its field. */
  readonly problem?: Problem | undefined;
  /** Where the options are in what was sent. */
  readonly pointer?: string;
  /** Secrets that are stored and stay when their field is left blank. */
  readonly kept?: ReadonlySet<string>;
}

const MULTILINE = /PEM/;

/**
 * Fields of a connector's options, from its JSON Schema. The API checks what is filled in and says what is wrong with a pointer, so nothing is
 * checked twice (and no code is made of schemas, which the policy of the page forbids).
 */
export function SchemaForm({ schema, value, onChange, problem, pointer = '/config', kept }: SchemaFormProps) {
  const required = new Set(schema.required);
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm" verticalSpacing="sm">
      {Object.entries(schema.properties ?? {}).map(([name, option]) => (
        <Field
          key={name}
          name={name}
          schema={option}
          isRequired={required.has(name) && kept?.has(name) !== true}
          isKept={kept?.has(name) === true}
          value={value[name]}
          problem={problem}
          pointer={`${pointer}/${name}`}
          onChange={(next) => onChange({ ...value, [name]: next })}
        />
      ))}
    </SimpleGrid>
  );
}

interface FieldProps {
  readonly name: string;
  readonly schema: OptionSchema;
  readonly isRequired: boolean;
  readonly isKept: boolean;
  readonly value: unknown;
  readonly problem: Problem | undefined;
  readonly pointer: string;
  readonly onChange: (value: unknown) => void;
}

function Field({ name, schema, isRequired, isKept, value, problem, pointer, onChange }: FieldProps) {
  const error = problem?.errors?.find((each) => each.pointer === pointer)?.detail;
  const common = { label: name, description: schema.description, required: isRequired, error };
  const hint = schema.default === undefined ? undefined : JSON.stringify(schema.default).replaceAll('"', '');
  const text = typeof value === 'string' ? value : '';
  const onText = (event: { readonly currentTarget: { readonly value: string } }) => onChange(event.currentTarget.value);
  if (schema.enum !== undefined)
    return (
      <Select
        {...common}
        data={[...schema.enum]}
        value={text === '' ? null : text}
        placeholder={hint}
        clearable
        onChange={(next) => onChange(next ?? '')}
      />
    );
  switch (schema.type) {
    case 'boolean':
      return (
        <Checkbox {...common} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />
      );
    case 'integer':
    case 'number':
      return (
        <NumberInput
          {...common}
          hideControls
          value={(value as number | undefined) ?? ''}
          placeholder={hint}
          onChange={(next) => onChange(next === '' ? undefined : Number(next))}
        />
      );
    case 'array':
      return (
        <TagsInput
          {...common}
          value={(value as string[] | undefined) ?? []}
          onChange={onChange}
          placeholder="Enter after each"
          acceptValueOnBlur
        />
      );
    case 'object':
      return (
        <Fieldset legend={name}>
          <SchemaForm
            schema={schema}
            value={(value as Options | undefined) ?? {}}
            onChange={onChange}
            problem={problem}
            pointer={pointer}
          />
        </Fieldset>
      );
    default:
      if (schema['x-millrace-secret'] === true)
        return (
          <PasswordInput
            {...common}
            value={text}
            onChange={onText}
            autoComplete="off"
            placeholder={isKept ? 'kept when left blank' : 'or ${env:NAME}'}
          />
        );
      return MULTILINE.test(schema.description ?? '') ? (
        <Textarea {...common} value={text} onChange={onText} autosize maxRows={6} />
      ) : (
        <TextInput {...common} value={text} onChange={onText} placeholder={hint} autoComplete="off" />
      );
  }
}
