import { isRange, secretField } from '@millrace/connector-contract';
import { parseDurationMs } from '@millrace/kernel';
import { z } from 'zod';

const CONCURRENCY_MAX = 64;
const RECORDS_MAX = 1_000;
const HEADERS_MAX = 32;
const ALLOWED_MAX = 64;
const TIMEOUT_MS_MAX = 60_000;
const PATIENCE_MS_MAX = 600_000;

/** Headers that the client sets, or that hold what should be a secret option. */
const RESERVED =
  /^(host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|webhook-.*|authorization|proxy-.*|cookie)$/i;

const duration = (msMax: number) =>
  z.string().refine(
    (text) => {
      const ms = parseDurationMs(text);
      return ms !== undefined && ms > 0 && ms <= msMax;
    },
    `a duration above 0 and up to ${msMax / 1_000}s, such as 10s`,
  );

const isWebAddress = (text: string): boolean => {
  const url = URL.parse(text);
  const isPlain = url?.username === '' && url.password === '' && url.hash === '';
  return isPlain && (url.protocol === 'https:' || url.protocol === 'http:');
};

/** A receiver of webhooks. */
export const receiverConfig = z.strictObject({
  url: z
    .string()
    .refine(isWebAddress, 'an address that begins with https:// or http://, without user, password and fragment')
    .meta({ description: 'Address of the receiver, such as https://shop.example/hooks. Redirects are not followed.' }),
  secret: secretField().optional().meta({
    description:
      'Key by which requests are signed (Standard Webhooks): whsec_ and 24 to 64 bytes in base64. Without it they are not.',
  }),
  previousSecret: secretField().optional().meta({
    description: 'The key before, while the receiver changes over: requests are signed with both.',
  }),
  authorization: secretField().optional().meta({ description: 'Header authorization, as a whole: Bearer abc.' }),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), z.string().regex(/^[ -~]{0,1000}$/))
    .refine((headers) => Object.keys(headers).length <= HEADERS_MAX, `at most ${HEADERS_MAX} headers`)
    .refine(
      (headers) => !Object.keys(headers).some((name) => RESERVED.test(name)),
      'a header that Millrace sets, or authorization',
    )
    .default({})
    .meta({ description: 'More headers of each request. They are shown: a secret belongs in authorization.' }),
  allow: z
    .array(z.string().refine(isRange, 'an address, or a range such as 10.0.0.0/8'))
    .max(ALLOWED_MAX)
    .default([])
    .meta({
      description:
        'Addresses and ranges beside those of the public Internet that the name may lead to. Private, loopback, link-local and metadata addresses are refused otherwise.',
    }),
  ca: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Certificates (PEM) of authorities to trust instead of the usual ones.' }),
  timeout: duration(TIMEOUT_MS_MAX).default('10s').meta({ description: 'Time that an answer may take.' }),
});

/** How a stage sends. */
export const sendingStage = z.strictObject({
  method: z.enum(['POST', 'PUT', 'PATCH']).default('POST').meta({ description: 'Method of the requests.' }),
  path: z
    .string()
    .regex(/^\/[A-Za-z0-9._~/-]*$/)
    .refine((path) => !path.split('/').includes('..'), 'a path without ..')
    .optional()
    .meta({ description: 'Path behind that of the url: /orders.' }),
  records: z.int().min(1).max(RECORDS_MAX).default(1).meta({
    description:
      'Events of a request at most. With 1 the body is the event; with more it is an array of those that wait.',
  }),
  concurrency: z.int().min(1).max(CONCURRENCY_MAX).default(8).meta({
    description: 'Requests under way at most, of each instance. The events of a key go one request after the other.',
  }),
  patience: duration(PATIENCE_MS_MAX).default('60s').meta({
    description: 'Time for which a request is tried again. After it the job fails, and starts again later by itself.',
  }),
});

export type ReceiverConfig = z.output<typeof receiverConfig>;
export type SendingStage = z.output<typeof sendingStage>;
