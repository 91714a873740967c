import { type Clock, type IdSource, MillraceError, toErrorRecord } from '@millrace/kernel';
import { cloneable, ExecutionStopped } from '../errors.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { loadDag, loadSampler } from './load-dag.ts';
import type { Request, ThreadMessage } from './protocol.ts';
import { ThreadExecution, type ThreadServices } from './thread-execution.ts';
import type { Port } from './thread-platform.ts';

export interface HostOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Plans the next turn of the scheduler, behind what has happened meanwhile. Default: `setImmediate`. */
  readonly defer?: ((turn: () => void) => void) | undefined;
  /** Where DAGs come from. Default: the module is imported. */
  readonly loadDag?: ThreadServices['loadDag'] | undefined;
}

/** Runs a worker thread's side of the engine: answers the requests that come in on `port`. The port keeps the thread alive. */
export function hostThread(port: Port, options: HostOptions): void {
  const { clock, ids } = options;
  const services: ThreadServices = {
    clock,
    ids,
    scheduler: new Scheduler(clock, options.defer),
    loadDag: options.loadDag ?? loadDag,
  };
  const executions = new Map<string, ThreadExecution>();
  const post = (message: ThreadMessage) => port.postMessage(message, buffersOf(message));

  const open = (id: string): ThreadExecution => {
    let execution = executions.get(id);
    if (execution === undefined) {
      execution = new ThreadExecution(services, (event) => post({ kind: 'event', execution: id, event }));
      executions.set(id, execution);
    }
    return execution;
  };

  const running = (id: string): ThreadExecution => {
    const execution = executions.get(id);
    if (execution !== undefined) return execution;
    throw new MillraceError(ExecutionStopped, { message: 'the execution was stopped' });
  };

  const handle = async (request: Request): Promise<unknown> => {
    const { execution: id, kind } = request;
    switch (kind) {
      case 'describe': {
        const { dagModule, spec } = (request as Request<'describe'>).args;
        return open(id).describe(dagModule, spec);
      }
      case 'build': {
        const { dagModule, spec, plan } = (request as Request<'build'>).args;
        return open(id).build(dagModule, spec, plan);
      }
      case 'start':
        return running(id).start();
      case 'snapshot':
        return running(id).announce((request as Request<'snapshot'>).args);
      case 'commit':
        return running(id).commit((request as Request<'commit'>).args);
      case 'metrics':
        return running(id).metrics();
      case 'tap': {
        const { dagModule, request: tap } = (request as Request<'tap'>).args;
        return running(id).tap(tap, await loadSampler(dagModule, tap));
      }
      case 'untap':
        return executions.get(id)?.untap((request as Request<'untap'>).args);
      case 'close': {
        const problems = (await executions.get(id)?.close()) ?? [];
        executions.delete(id);
        return problems;
      }
    }
  };

  port.on('message', (request: Request) => {
    handle(request).then(
      (result) => post({ kind: 'answer', id: request.id, result }),
      (error: unknown) => post({ kind: 'refusal', id: request.id, error: cloneable(toErrorRecord(error)) }),
    );
  });
}

/** Saved values are copies that belong to the snapshot: they are handed over. */
function buffersOf(message: ThreadMessage): ArrayBuffer[] {
  if (message.kind !== 'event' || message.event.kind !== 'saved') return [];
  return message.event.entries.map((entry) => entry.value.buffer as ArrayBuffer);
}
