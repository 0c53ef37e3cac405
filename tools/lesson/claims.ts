/** Claims in the code of a lesson, by TypeScript's own reading of it. */
import { ts, type typescript } from '../kernel/typescript.ts';

type Node = typescript.Node;
type Expression = typescript.Expression;

interface ClaimInCode {
  /** Its place among the sources. */
  cell: number;
  /** The code that says what was measured. */
  ours: string;
  /** Whether nothing is measured: `ours` is known before the lesson runs. */
  constant: boolean;
}

/**
 * The claims of a notebook: every object that has both a `claim` and `ours`.
 * @param sources of its code cells
 */
export function claimsIn(sources: string[]): ClaimInCode[] {
  const files = sources.map((source) => parse(source));
  const declared = declarations(files);
  return files.flatMap((file, cell) =>
    [...nodes(file)].filter(ts.isObjectLiteralExpression).flatMap((object) => {
      const named = (name: string) =>
        object.properties.find((one) => one.name && nameOf(one.name) === name);
      const ours = named('ours');
      if (!ours || !named('claim')) return [];
      const value = contentOf(ours);
      if (!value) return [];
      return [{ cell, ours: value.getText(), constant: isConstant(value, declared) }];
    }),
  );
}

/**
 * What a function is called with, when its arguments are texts: the names behind
 * `compareWithStored(stored, 'name', …)`.
 *
 * @param name of the function
 * @returns one for each call
 */
export function callsOf(source: string, name: string): { texts: string[] }[] {
  return [...nodes(parse(source))]
    .filter((node) => ts.isCallExpression(node) && node.expression.getText() === name)
    .map((node) => ({
      texts: [...nodes(node)].filter(ts.isStringLiteralLike).map(({ text }) => text),
    }));
}

const parse = (source: string) =>
  ts.createSourceFile('cell.ts', source, ts.ScriptTarget.Latest, /* setParentNodes */ true);

/** A name as a text, if it is written as one. */
const nameOf = (name: Node): string | undefined =>
  ts.isIdentifier(name) || ts.isLiteralExpression(name) ? name.text : undefined;

/** What stands for a property: what is behind its colon, or else its name. */
const contentOf = (property: typescript.ObjectLiteralElementLike): Node | undefined =>
  ts.isPropertyAssignment(property) ? property.initializer : property.name;

/** A node and all below it. */
function* nodes(node: Node): Generator<Node> {
  yield node;
  const children: Node[] = [];
  ts.forEachChild(node, (child) => {
    children.push(child);
  });
  for (const child of children) yield* nodes(child);
}

/**
 * What `const` names stand for. Of a name that is declared twice nothing is known: it is another
 * one in another function.
 */
function declarations(files: Node[]) {
  const found = new Map<string, Expression | undefined>();
  for (const file of files) {
    for (const node of nodes(file)) {
      if (!ts.isVariableDeclaration(node) && !ts.isParameter(node)) continue;
      const name = nameOf(node.name);
      if (!name) continue;
      const fixed = node.parent.flags & ts.NodeFlags.Const && !found.has(name);
      found.set(name, fixed ? node.initializer : undefined);
    }
  }
  return found;
}

function isConstant(node: Node, declared: Map<string, Expression | undefined>): boolean {
  const all = (list: readonly Node[]) => list.every((one) => isConstant(one, declared));
  if (ts.isLiteralExpression(node)) return true;
  if (ts.isPrefixUnaryExpression(node)) return isConstant(node.operand, declared);
  if (ts.isBinaryExpression(node)) return all([node.left, node.right]);
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSpreadElement(node)) {
    return isConstant(node.expression, declared);
  }
  if (ts.isArrayLiteralExpression(node)) return all([...node.elements]);
  if (ts.isConditionalExpression(node)) return all([node.whenTrue, node.whenFalse]);
  if (ts.isObjectLiteralExpression(node)) {
    return node.properties.every((one) => {
      const value = contentOf(one);
      return value !== undefined && isConstant(value, declared);
    });
  }
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
    return node.expression.getText() === 'Math' || isConstant(node.expression, declared);
  }
  if (ts.isCallExpression(node) && node.expression.getText().startsWith('Math.')) {
    return all([...node.arguments]);
  }
  if (ts.isIdentifier(node)) {
    const value = declared.get(node.text);
    return value !== undefined && isConstant(value, declared);
  }
  return false;
}
