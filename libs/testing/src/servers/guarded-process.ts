import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { errorCode, MillraceError } from '@millrace/kernel';

export const ServerDidNotStart = errorCode('testing.server_did_not_start', {
  domain: 'external',
  retry: 'after-repair',
  title: 'A server did not start',
});

/**
 * The shell between us and a server. Descriptor 3 is our end of a pipe: when we die, however we die, reading it ends and
 * the shell kills the server and removes its directory.
 * Arguments: signal for a normal stop, log file, directory to remove when we died (or empty), program and its arguments.
 */
const GUARD = `
exec 3<&0
stop=$1; log=$2; leftover=$3; shift 3
"$@" 3<&- </dev/null >>"$log" 2>&1 &
server=$!
echo $server
exec >/dev/null 2>&1
trap 'kill -$stop $server' TERM INT
(
  read _ <&3
  trap '' TERM # the shell above ends us only while we wait
  kill -QUIT $server
  for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 $server || break; sleep 0.2; done
  kill -KILL $server
  [ -n "$leftover" ] && rm -rf "$leftover"
) &
watch=$!
wait $server; code=$?
while kill -0 $server; do wait $server; code=$?; done
exec 3<&-
kill $watch
exit $code
`;

export interface GuardedOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly stopSignal: 'INT' | 'TERM';
  readonly logFile: string;
  /** Removed when this process dies without stopping the server. */
  readonly leftover?: string;
  readonly uid?: number | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

/** A server process that never outlives this one, not even after `kill -9`. */
export class GuardedProcess {
  readonly pid: number;
  readonly exited: Promise<number>;
  readonly #shell: ChildProcess;
  hasExited = false;

  private constructor(shell: ChildProcess, pid: number) {
    this.#shell = shell;
    this.pid = pid;
    this.exited = new Promise((resolve) => {
      shell.once('exit', (code) => {
        this.hasExited = true;
        resolve(code ?? 1);
      });
    });
    // Servers must not keep a finished test run or script alive.
    shell.unref();
    (shell.stdin as unknown as { unref(): void }).unref();
  }

  static async start(options: GuardedOptions): Promise<GuardedProcess> {
    const args = [options.stopSignal, options.logFile, options.leftover ?? '', options.program, ...options.args];
    const shell = spawn('sh', ['-c', GUARD, 'sh', ...args], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: options.env ?? process.env,
      // A group of its own, so that Ctrl-C at the terminal reaches us and not the servers directly.
      detached: true,
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    const lines = createInterface({ input: shell.stdout! });
    for await (const line of lines) {
      lines.close();
      shell.stdout!.destroy();
      return new GuardedProcess(shell, Number(line));
    }
    throw new MillraceError(ServerDidNotStart, { message: `${options.program} could not be started` });
  }

  /** Stops the server in the normal way and resolves when it is gone. */
  async stop(): Promise<void> {
    if (!this.hasExited) this.#shell.kill('SIGTERM');
    await this.gone();
  }

  /** Resolves when the server has exited; unlike `exited` it keeps this process alive until then. */
  async gone(): Promise<void> {
    this.#shell.ref();
    await this.exited;
  }

  /** Sends a signal to the server itself. */
  signal(signal: NodeJS.Signals): void {
    if (!this.hasExited) process.kill(this.pid, signal);
  }
}
