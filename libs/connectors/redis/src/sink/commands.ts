/** Arguments of one command at most: a script unpacks them on Lua's stack, which holds 8,000. */
const COMMAND_ARGUMENTS_MAX = 400;

/** Commands that take more of their arguments at once. */
const MERGED = new Set(['HSET', 'HDEL', 'RPUSH', 'ZADD', 'ZREM']);

/** One command of a script: its name, its key, and what follows the key. */
export interface Command {
  readonly name: string;
  readonly key: string;
  readonly args: string[];
}

/** The commands that some events come to, in order; neighbours on one key are one command. */
export class Commands {
  readonly list: Command[] = [];
  /** Characters of all arguments. */
  length = 0;

  add(name: string, key: string, ...args: readonly string[]): void {
    for (const arg of args) this.length += arg.length;
    const last = this.list.at(-1);
    if (
      last !== undefined &&
      last.name === name &&
      last.key === key &&
      MERGED.has(name) &&
      last.args.length + args.length <= COMMAND_ARGUMENTS_MAX
    ) {
      last.args.push(...args);
      return;
    }
    this.length += key.length;
    this.list.push({ name, key, args: [...args] });
  }

  /** Distinct. */
  get keys(): readonly string[] {
    return [...new Set(this.list.map(({ key }) => key))];
  }
}
