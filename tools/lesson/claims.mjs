// @ts-check
/** Claims in the code of a lesson, by TypeScript's own reading of it. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const tslab = createRequire(require.resolve('tslab'));
/** @type {any} TypeScript as the kernel has it */
const ts = tslab('@tslab/typescript-for-tslab');

/**
 * @typedef {object} ClaimInCode
 * @property {number} cell its place among the sources
 * @property {string} ours the code that says what was measured
 * @property {boolean} constant whether nothing is measured: `ours` is known before the lesson runs
 */

/**
 * The claims of a notebook: every object that has both a `claim` and `ours`.
 *
 * @param {string[]} sources of its code cells
 * @returns {ClaimInCode[]}
 */
export function claimsIn(sources) {
  const files = sources.map((source) => parse(source));
  const declared = declarations(files);
  return files.flatMap((file, cell) =>
    [...nodes(file)].filter(ts.isObjectLiteralExpression).flatMap((object) => {
      const named = (/** @type {string} */ name) =>
        object.properties.find((/** @type {any} */ one) => one.name?.text === name);
      const ours = named('ours');
      if (!ours || !named('claim')) return [];
      const value = ours.initializer ?? ours.name;
      return [{ cell, ours: value.getText(), constant: isConstant(value, declared) }];
    }),
  );
}

/**
 * What a function is called with, when its arguments are texts: the names behind
 * `compareWithStored(stored, 'name', …)`.
 *
 * @param {string} source @param {string} name of the function
 * @returns {{ texts: string[] }[]} one for each call
 */
export function callsOf(source, name) {
  return [...nodes(parse(source))]
    .filter((node) => ts.isCallExpression(node) && node.expression.getText() === name)
    .map((node) => ({
      texts: [...nodes(node)].filter(ts.isStringLiteralLike).map(({ text }) => text),
    }));
}

/** @param {string} source */
const parse = (source) =>
  ts.createSourceFile('cell.ts', source, ts.ScriptTarget.Latest, /* setParentNodes */ true);

/** A node and all below it. @param {any} node @returns {Generator<any>} */
function* nodes(node) {
  yield node;
  /** @type {any[]} */
  const children = [];
  ts.forEachChild(node, (/** @type {any} */ child) => {
    children.push(child);
  });
  for (const child of children) yield* nodes(child);
}

/**
 * What `const` names stand for. Of a name that is declared twice nothing is known: it is another
 * one in another function.
 *
 * @param {any[]} files
 */
function declarations(files) {
  /** @type {Map<string, any>} */
  const found = new Map();
  for (const file of files) {
    for (const node of nodes(file)) {
      const name = node.name?.text;
      if (!name || !(ts.isVariableDeclaration(node) || ts.isParameter(node))) continue;
      const fixed = node.parent.flags & ts.NodeFlags.Const && !found.has(name);
      found.set(name, fixed ? node.initializer : undefined);
    }
  }
  return found;
}

/** @param {any} node @param {Map<string, any>} declared @returns {boolean} */
function isConstant(node, declared) {
  const all = (/** @type {any[]} */ list) => list.every((one) => isConstant(one, declared));
  if (ts.isLiteralExpression(node)) return true;
  if (ts.isPrefixUnaryExpression(node)) return isConstant(node.operand, declared);
  if (ts.isBinaryExpression(node)) return all([node.left, node.right]);
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSpreadElement(node)) {
    return isConstant(node.expression, declared);
  }
  if (ts.isArrayLiteralExpression(node)) return all([...node.elements]);
  if (ts.isConditionalExpression(node)) return all([node.whenTrue, node.whenFalse]);
  if (ts.isObjectLiteralExpression(node)) {
    return all(node.properties.map((/** @type {any} */ one) => one.initializer ?? one.name));
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
