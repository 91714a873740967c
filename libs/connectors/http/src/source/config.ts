import { checkDeclaredKey, declaredTableFields, listenPlace, secretField } from '@millrace/connector-contract';
import { parseDurationMs, parseSizeBytes } from '@millrace/kernel';
import { z } from 'zod';

const BODY_BYTES_MAX = 16 * 1_048_576;
const REMEMBERED_MAX = 100_000;
const WAIT_MS_MAX = 600_000;

/** A port to which others send. */
export const endpointConfig = z
  .strictObject({
    listen: z
      .string()
      .refine((text) => listenPlace(text) !== undefined, 'an address and a port, such as 0.0.0.0:8090')
      .meta({
        description: 'Address and port on the worker that runs the job: 0.0.0.0:8090 for all its interfaces.',
      }),
    path: z
      .string()
      .regex(/^\/[A-Za-z0-9._~/-]*$/)
      .default('/')
      .meta({ description: 'Path that takes requests.' }),
    token: secretField().optional().meta({ description: 'What callers send as authorization: Bearer TOKEN.' }),
    secret: secretField().optional().meta({
      description:
        'Key by which callers sign (Standard Webhooks): whsec_ and 24 to 64 bytes in base64. With a token as well, both are asked for.',
    }),
    anonymous: z.boolean().default(false).meta({
      description: 'true: whoever reaches the port may send. Otherwise token or secret is needed.',
    }),
  })
  .superRefine(({ token, secret, anonymous }, context) => {
    if (token === undefined && secret === undefined && !anonymous)
      context.addIssue({ code: 'custom', path: ['token'], message: 'token or secret is needed, or anonymous: true' });
  });

/** What the requests hold, and when they are answered. */
export const endpointStage = z
  .strictObject({
    ...declaredTableFields({
      columns: 'Columns by name with their types, taken from each object. Other members are left out.',
      key: 'Columns that identify a row.',
    }),
    answer: z.enum(['after-snapshot', 'at-once']).default('after-snapshot').meta({
      description:
        'after-snapshot: when the committed snapshot holds the request, so that it is never lost. at-once: when it is taken; a crash loses what came after the last snapshot.',
    }),
    body: z
      .string()
      .default('1MiB')
      .refine((text) => {
        const bytes = parseSizeBytes(text);
        return bytes !== undefined && bytes >= 1 && bytes <= BODY_BYTES_MAX;
      }, 'a size up to 16MiB, such as 1MiB')
      .meta({ description: 'Bytes of a request at most.' }),
    remember: z.int().min(0).max(REMEMBERED_MAX).default(10_000).meta({
      description: 'Idempotency keys that are remembered, the newest. They are part of each snapshot.',
    }),
    wait: z
      .string()
      .default('30s')
      .refine((text) => {
        const ms = parseDurationMs(text);
        return ms !== undefined && ms > 0 && ms <= WAIT_MS_MAX;
      }, 'a duration up to 600s, such as 30s')
      .meta({ description: 'Longest time that a caller waits for the snapshot; then the answer is 503.' }),
  })
  .superRefine(checkDeclaredKey);

export type EndpointConfig = z.output<typeof endpointConfig>;
export type EndpointStage = z.output<typeof endpointStage>;
