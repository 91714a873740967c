import 'reflect-metadata';
import type { Change, Operation } from '../changes/change.ts';
import type { ChangeContext } from './change-context.ts';
import type { TableClass } from './table-class.ts';

export interface OnChangeOptions<Operations extends Operation = Operation> {
  /** Stable name of who handles: a subscription of that name remembers what is handled. All handlers of one consumer share it. */
  readonly consumer: string;
  /** Default: `insert`, `update` and `delete`. */
  readonly operations?: readonly Operations[] | undefined;
}

export interface HandlerMark {
  readonly table: TableClass;
  readonly consumer: string;
  readonly operations: readonly Operation[];
}

// biome-ignore lint/suspicious/noExplicitAny: the handle of a transaction is the service's own
type Handler<Row> = (change: Change<Row>, context: ChangeContext<any>) => Promise<void> | void;

const MARK = 'millrace:on-change';
const USUAL: readonly Operation[] = ['insert', 'update', 'delete'];

/** Calls the method for changes of the table: at least once for each, in order for each row. */
export const OnChange =
  <Row>(table: TableClass<Row>, { consumer, operations = USUAL }: OnChangeOptions) =>
  <Method extends Handler<Row>>(
    target: object,
    method: string | symbol,
    _descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    const mark: HandlerMark = { table, consumer, operations };
    Reflect.defineMetadata(MARK, [...marksOf(target, method), mark], target, method);
  };

export const marksOf = (target: object, method: string | symbol): readonly HandlerMark[] =>
  (Reflect.getMetadata(MARK, target, method) as readonly HandlerMark[] | undefined) ?? [];
