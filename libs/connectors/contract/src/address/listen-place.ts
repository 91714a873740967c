import { isIP } from 'node:net';

const PORT_MAX = 65_535;

/** @returns host and port of `0.0.0.0:8090` or `[::1]:8090`; `undefined` when it is neither */
export function listenPlace(listen: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(listen) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || isIP(host) === 0 || Number(port) < 1 || Number(port) > PORT_MAX) return undefined;
  return { host, port: Number(port) };
}
