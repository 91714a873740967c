import type { LoopNames, LoopTerminal } from './loop-terminal.ts';

/** The end of a loop that hands every row to a function, with its event time (`NaN` without one). */
export class CallTerminal implements LoopTerminal {
  readonly args: readonly unknown[];
  readonly receive: (row: unknown, timeMs: number) => void;

  constructor(receive: (row: unknown, timeMs: number) => void) {
    this.receive = receive;
    this.args = [receive];
  }

  code({ row, time, argument }: LoopNames): { readonly row: string } {
    return { row: `${argument(0)}(${row}, ${time});` };
  }
}
