import net from 'node:net';

/** One read takes at most this much. */
const READ_BYTES_MAX = 524_288;

/** Takes bytes that lie in `bytes` up to `length`; they stay as they are until the next read. Returns whether to go on reading. */
export type Receiver = (bytes: Buffer, length: number) => boolean;

const receivers = new WeakMap<net.Socket, { receiver: Receiver | undefined; current: Buffer; other: Buffer }>();

/** A socket that reads into a buffer of its own instead of a new one each time, and gives the bytes to a receiver while it has one. */
export function makeRowSocket(): net.Socket {
  const state = {
    receiver: undefined as Receiver | undefined,
    current: Buffer.allocUnsafeSlow(READ_BYTES_MAX),
    other: Buffer.allocUnsafeSlow(READ_BYTES_MAX),
  };
  const socket: net.Socket = new net.Socket({
    onread: {
      buffer: () => state.current,
      callback: (length: number, bytes: Buffer) => {
        if (state.receiver !== undefined) return state.receiver(bytes, length);
        // The `pg` client keeps what it gets.
        socket.emit('data', Buffer.from(bytes.subarray(0, length)));
        return true;
      },
    },
  } as unknown as net.SocketConstructorOpts);
  receivers.set(socket, state);
  return socket;
}

/** Gives what the socket reads to the receiver; `false` when it is no row socket (an encrypted one). */
export function receiveFrom(socket: unknown, receiver: Receiver): boolean {
  const state = receivers.get(socket as net.Socket);
  if (state === undefined) return false;
  state.receiver = receiver;
  return true;
}

/** Gives the socket back to its client. What the receiver got last stays where it is: reads go to the other buffer. */
export function stopReceiving(socket: unknown): void {
  const state = receivers.get(socket as net.Socket);
  if (state === undefined) return;
  state.receiver = undefined;
  [state.current, state.other] = [state.other, state.current];
}
