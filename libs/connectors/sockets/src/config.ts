import { isRange, listenPlace, secretField } from '@millrace/connector-contract';
import { parseDurationMs } from '@millrace/kernel';
import { z } from 'zod';

const ALLOWED_MAX = 64;
const CONNECTIONS_MAX = 10_000;
const PORT_MAX = 65_535;
const DURATION_MS_MAX = 86_400_000;
const HELLO_MAX = 4_096;

/** @returns host and port of `collector.internal:9000` or `[::1]:9000`; `undefined` when it is neither */
export function remotePlace(connect: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]\s]+)\]|([^:\s/@]+)):(\d{1,5})$/.exec(connect) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) < 1 || Number(port) > PORT_MAX) return undefined;
  return { host, port: Number(port) };
}

export const duration = () =>
  z.string().refine((text) => {
    const ms = parseDurationMs(text);
    return ms !== undefined && ms > 0 && ms <= DURATION_MS_MAX;
  }, 'a duration above 0 and up to 24h, such as 60s');

/** One end of TCP connections: a port of the worker, or the way to a port elsewhere. */
export const connectionSchema = z
  .strictObject({
    listen: z
      .string()
      .refine((text) => listenPlace(text) !== undefined, 'an address and a port, such as 0.0.0.0:9000')
      .optional()
      .meta({
        description:
          'Address and port on the worker that runs the job, to which others connect: 0.0.0.0:9000 for all its interfaces. Either this or connect.',
      }),
    connect: z
      .string()
      .refine((text) => remotePlace(text) !== undefined, 'host:port, such as feed.example:9000')
      .optional()
      .meta({ description: 'Host and port to connect to. Either this or listen.' }),
    allow: z
      .array(z.string().refine(isRange, 'an address, or a range such as 10.0.0.0/8'))
      .max(ALLOWED_MAX)
      .default([])
      .meta({
        description:
          'With connect: addresses and ranges beside those of the public Internet that the host may lead to. Private, loopback, link-local and metadata addresses are refused otherwise.',
      }),
    tls: z
      .strictObject({
        ca: z.string().min(1).optional().meta({
          description:
            'PEM certificates of the authorities to trust. With listen: those who connect need a certificate of one of them.',
        }),
        certificate: z.string().min(1).optional().meta({
          description:
            'PEM certificate of this end, with those between it and its authority. With listen it is needed.',
        }),
        serverName: z.string().min(1).optional().meta({
          description: 'With connect: name that the certificate of the other end must have. Default: the host.',
        }),
      })
      .optional()
      .meta({ description: 'Present: TLS.' }),
    tlsKey: secretField().optional().meta({ description: 'PEM key of tls.certificate.' }),
    anonymous: z.boolean().default(false).meta({
      description:
        'With listen. true: whoever reaches the port may connect. Otherwise a certificate is asked for (tls.ca).',
    }),
    connections: z.int().min(1).max(CONNECTIONS_MAX).default(100).meta({
      description: 'With listen: connections at the same time at most; more are closed at once.',
    }),
    hello: secretField()
      .refine((text) => text.length <= HELLO_MAX && !/[\r\n]/.test(text), `one line of up to ${HELLO_MAX} characters`)
      .optional()
      .meta({ description: 'With connect: the first line or frame that is sent, such as a token or a subscription.' }),
    patience: duration().default('60s').meta({
      description:
        'With connect: how long connecting is tried again before the job fails. It starts again later by itself.',
    }),
  })
  .superRefine((config, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    const { listen, connect, tls, tlsKey, anonymous, hello } = config;
    if ((listen === undefined) === (connect === undefined)) refuse('listen', 'either listen or connect is needed');
    if ((tls?.certificate === undefined) !== (tlsKey === undefined))
      refuse('tlsKey', 'tls.certificate and tlsKey go together');
    if (listen === undefined) {
      if (anonymous) refuse('anonymous', 'only with listen');
      return;
    }
    if (hello !== undefined) refuse('hello', 'only with connect');
    if (tls !== undefined && tls.certificate === undefined) refuse('tls', 'with listen, TLS needs a certificate');
    if (!anonymous && tls?.ca === undefined)
      refuse('anonymous', 'tls.ca is needed, so that certificates are asked for, or anonymous: true');
  });

export type Connection = z.output<typeof connectionSchema>;

/** How the place is called in messages. */
export const placeName = ({ listen, connect }: Connection): string => (listen ?? connect)!;
