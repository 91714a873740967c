import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** A registered error code, as its source has it. */
export interface CodeEntry {
  readonly code: string;
  readonly domain: string;
  readonly retry: string;
  readonly title: string;
  /** What users are told to do, wherever it is thrown; what is filled in at run time is `…`. */
  readonly mends: readonly string[];
}

/** A result of a check or preflight, as its source has it. */
export interface FindingEntry {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly mend: string;
}

export interface Scan {
  readonly codes: readonly CodeEntry[];
  readonly findings: readonly FindingEntry[];
}

const CODE = /^[a-z][a-z0-9-]*\.[a-z0-9_]+$/;
const SEVERITY = /^(ok|warning|error)$/;

/** The text of a literal or template, `…` for what is filled in; `undefined` for anything else. */
function textOf(node: ts.Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
  if (ts.isParenthesizedExpression(node)) return textOf(node.expression);
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [textOf(node.left), textOf(node.right)];
    return left === undefined || right === undefined ? undefined : left + right;
  }
  return undefined;
}

function property(object: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  for (const member of object.properties) {
    if (ts.isPropertyAssignment(member) && member.name.getText() === name) return member.initializer;
    if (ts.isShorthandPropertyAssignment(member) && member.name.text === name) return member.name;
  }
  // `{ ...user, title }` with a constant of the file.
  for (const member of object.properties) {
    const spread = ts.isSpreadAssignment(member) ? plain(constant(member.expression)) : undefined;
    const found = spread !== undefined && ts.isObjectLiteralExpression(spread) ? property(spread, name) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Without `as const` and parentheses. */
function plain(node: ts.Expression | undefined): ts.Expression | undefined {
  return node !== undefined && (ts.isAsExpression(node) || ts.isParenthesizedExpression(node))
    ? plain(node.expression)
    : node;
}

/** What the constant of this name is, where the name stands: the innermost block that declares it counts. */
function constant(name: ts.Expression): ts.Expression | undefined {
  if (!ts.isIdentifier(name)) return undefined;
  for (let scope: ts.Node | undefined = name.parent; scope !== undefined; scope = scope.parent) {
    const isParameter =
      ts.isFunctionLike(scope) && scope.parameters.some((parameter) => parameter.name.getText().includes(name.text));
    if (isParameter) return undefined;
    if (!ts.isBlock(scope) && !ts.isSourceFile(scope) && !ts.isCaseClause(scope)) continue;
    for (const statement of scope.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      const found = statement.declarationList.declarations.find((each) => each.name.getText() === name.text);
      if (found !== undefined) return found.initializer;
    }
  }
  return undefined;
}

/** One pass over files that know each other's constants by name. */
class Scanner {
  readonly codes = new Map<string, Omit<CodeEntry, 'mends'> & { readonly mends: Set<string> }>();
  readonly findings = new Map<string, FindingEntry>();
  /** Codes by the name of their constant. */
  readonly #codeOf = new Map<string, string>();
  readonly #files: readonly ts.SourceFile[];

  constructor(paths: readonly string[]) {
    this.#files = paths.map((path) =>
      ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ESNext, true),
    );
    for (const file of this.#files) this.#each(file, (node) => this.#constant(node));
    for (const file of this.#files) this.#each(file, (node) => this.#use(node));
  }

  #each(node: ts.Node, visit: (node: ts.Node) => void): void {
    visit(node);
    ts.forEachChild(node, (child) => this.#each(child, visit));
  }

  #constant(node: ts.Node): void {
    if (!ts.isVariableDeclaration(node) || node.initializer === undefined || !ts.isIdentifier(node.name)) return;
    const name = node.name.text;
    if (!ts.isCallExpression(node.initializer) || node.initializer.expression.getText() !== 'errorCode') return;
    const [first, options] = node.initializer.arguments;
    const code = textOf(first);
    if (code === undefined || options === undefined || !ts.isObjectLiteralExpression(options)) return;
    const of = (member: string): string => textOf(plain(property(options, member))) ?? '';
    this.codes.set(code, { code, domain: of('domain'), retry: of('retry'), title: of('title'), mends: new Set() });
    this.#codeOf.set(name, code);
  }

  #use(node: ts.Node): void {
    if (ts.isNewExpression(node)) this.#thrown(node);
    else if (ts.isObjectLiteralExpression(node)) this.#finding(node);
    else if (ts.isCallExpression(node)) this.#added(node);
  }

  /** `new MillraceError(Code, { message, mend })` */
  #thrown(node: ts.NewExpression): void {
    const [code, options] = node.arguments ?? [];
    if (
      node.expression.getText() !== 'MillraceError' ||
      options === undefined ||
      !ts.isObjectLiteralExpression(options)
    )
      return;
    const entry = this.codes.get(this.#codeOf.get(code!.getText()) ?? '');
    const mend = this.#text(property(options, 'mend'));
    if (mend !== undefined && mend !== '…') entry?.mends.add(mend);
  }

  /** `{ code, severity, message, mend }` */
  #finding(node: ts.ObjectLiteralExpression): void {
    const severity = textOf(property(node, 'severity'));
    const code = this.#codeText(property(node, 'code'));
    if (severity === undefined || code === undefined || !SEVERITY.test(severity)) return;
    this.#keep(code, severity, this.#text(property(node, 'message')), this.#text(property(node, 'mend')));
  }

  /** `add('error', 'postgres.x', message, mend)`, `ok('postgres.x', message)` */
  #added(node: ts.CallExpression): void {
    const callee = node.expression.getText();
    if (callee === 'errorCode' || ts.isPropertyAccessExpression(node.expression)) return;
    const at = node.arguments.findIndex((argument) => CODE.test(this.#codeText(argument) ?? ''));
    if (at < 0 || at > 1 || node.arguments.length < at + 2) return;
    const given = at === 1 ? textOf(node.arguments[0]) : undefined;
    const severity = given !== undefined && SEVERITY.test(given) ? given : callee === 'ok' ? 'ok' : 'error';
    const [first, ...others] = node.arguments.slice(at + 1).map((argument) => this.#text(argument));
    // Some helpers take the place in the options first.
    const [message, mend] = first?.startsWith('/') === true ? others : [first, ...others];
    if (message !== undefined) this.#keep(this.#codeText(node.arguments[at])!, severity, message, mend);
  }

  #keep(code: string, severity: string, message = '…', mend = ''): void {
    const key = `${code} ${severity}`;
    if (!this.findings.has(key)) this.findings.set(key, { code, severity, message, mend });
  }

  #codeText(node: ts.Expression | undefined): string | undefined {
    const text =
      node === undefined ? undefined : (textOf(node) ?? this.#codeOf.get(node.getText().replace(/(\.code)+$/, '')));
    return text !== undefined && CODE.test(text) ? text : undefined;
  }

  #text(node: ts.Expression | undefined): string | undefined {
    return node === undefined ? undefined : (textOf(node) ?? textOf(plain(constant(node))));
  }
}

const byCode = (a: { readonly code: string }, b: { readonly code: string }): number =>
  a.code < b.code ? -1 : a.code > b.code ? 1 : 0;

/** Reads codes and findings out of TypeScript files, without running them. */
export function scanCodes(paths: readonly string[]): Scan {
  const { codes, findings } = new Scanner(paths);
  return {
    codes: [...codes.values()].map(({ mends, ...code }) => ({ ...code, mends: [...mends] })).sort(byCode),
    findings: [...findings.values()].sort(byCode),
  };
}
