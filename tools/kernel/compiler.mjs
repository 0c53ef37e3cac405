// @ts-check
/**
 * tslab's converter, from a TypeScript cell to JavaScript, with five additions: a source map for each
 * cell, names of earlier cells in `{ name }`, the checkpoints at which an interrupt stops it, the
 * project's packages for a notebook that lies outside of the project, and what cell-code.mjs adds.
 */
import Module, { createRequire, SourceMap } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cellCode } from './cell-code.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);
const tslabRequire = createRequire(require.resolve('tslab'));

// tslab fixes TypeScript's options inside, so it is handed a TypeScript that adds ours to them.
const typescriptPath = tslabRequire.resolve('@tslab/typescript-for-tslab');
/** @type {any} TypeScript 5.0, as tslab brings it along */
export const ts = require(typescriptPath);

// No watching of files. `require` would not notice that a package has changed, and tslab fails
// ("Unexpected pending rebuildTimer") if several files change between two cells.
ts.sys.watchFile = ts.sys.watchDirectory = () => ({ close() {} });

/** @type {any} */ (require.cache[typescriptPath]).exports = {
  ...ts,
  createWatchCompilerHost,
  getPreEmitDiagnosticsOfFiles,
  transpileModule,
};

/** @type {typeof import('tslab/dist/converter.js')} */
const { createConverter } = require('tslab/dist/converter.js');

const modules = path.join(root, 'node_modules');
// For `require`: the project's packages come after those that the notebook has of its own.
process.env.NODE_PATH = [process.env.NODE_PATH, modules].filter(Boolean).join(path.delimiter);
/** @type {any} */ (Module)._initPaths(); // Node reads the variable once, when it starts

/**
 * tslab takes every `await` for one at the top unless it knows the function around it, and it does not
 * know methods of objects. What is in a function stays an error here: by its code as a text.
 * @param {any} program
 * @param {any[]} files
 */
function getPreEmitDiagnosticsOfFiles(program, files) {
  return ts.getPreEmitDiagnosticsOfFiles(program, files).map((/** @type {any} */ found) => {
    if (found.code !== 1308 || !found.file) return found;
    const token = ts.findPrecedingToken(found.start + found.length, found.file);
    return ts.getContainingFunction(token) ? { ...found, code: '1308' } : found;
  });
}

/**
 * @param {string[]} files
 * @param {any} options
 * @param {unknown} system
 * @param {undefined} _createProgram tslab leaves it to TypeScript
 * @param {unknown[]} rest
 */
function createWatchCompilerHost(files, options, system, _createProgram, ...rest) {
  const create = (/** @type {unknown[]} */ ...parts) => {
    const program = ts.createEmitAndSemanticDiagnosticsBuilderProgram(...parts);
    const { emit } = program;
    program.emit = (/** @type {any} */ file, /** @type {any} */ ...how) => {
      const [write, token, only, transformers = {}] = how;
      const before = [expandShorthand(program.getProgram().getTypeChecker())];
      return emit(file, write, token, only, { ...transformers, before });
    };
    return program;
  };
  const settings = { ...options, inlineSourceMap: true };
  return ts.createWatchCompilerHost(files, settings, system, create, ...rest);
}

/**
 * tslab lets a cell's code find the names of earlier cells in `exports`, but forgets those that stand
 * for both sides of a property: `{ query }` becomes `{ query: exports.query }` here. And it takes the
 * name of a property for such a name, as in `const { query: q } = x`: names become strings.
 * @param {any} checker
 */
const expandShorthand = (checker) => (/** @type {any} */ context) => {
  const { factory } = context;
  return (/** @type {any} */ file) => {
    const earlier = ts.getOriginalNode(file).parent;
    /** @param {any} node */
    const visit = (node) => {
      const property = ts.isBindingElement(node)
        ? node.propertyName
        : ts.isPropertyAssignment(node) && node.name;
      if (property && ts.isIdentifier(property)) {
        const name = ts.setTextRange(factory.createStringLiteral(property.text), property);
        /** @param {any} part */
        const renamed = (part) => (part === property ? name : ts.visitNode(part, visit));
        return ts.isBindingElement(node)
          ? factory.updateBindingElement(
              node,
              node.dotDotDotToken,
              name,
              renamed(node.name),
              renamed(node.initializer),
            )
          : factory.updatePropertyAssignment(node, name, renamed(node.initializer));
      }
      if (!ts.isShorthandPropertyAssignment(node)) return ts.visitEachChild(node, visit, context);
      const symbol = checker.getShorthandAssignmentValueSymbol(node);
      const isEarlier = symbol?.declarations?.some(
        (/** @type {any} */ one) => one.getSourceFile() === earlier,
      );
      if (!isEarlier) return ts.visitEachChild(node, visit, context);
      const { text } = node.name;
      const value = factory.createPropertyAccessExpression(
        factory.createIdentifier('exports'),
        text,
      );
      const { objectAssignmentInitializer: otherwise } = node; // `({ query = 1 } = x)`
      const target = otherwise
        ? factory.createAssignment(value, ts.visitNode(otherwise, visit))
        : value;
      return ts.setTextRange(factory.createPropertyAssignment(text, target), node);
    };
    return ts.visitEachChild(file, visit, context);
  };
};

// A notebook outside of the project is compiled as if it lay among the lessons: there the project's
// packages are found, and the types of variables can be named.
if (path.relative(root, process.cwd()).startsWith('..')) {
  ts.sys.getCurrentDirectory = () => path.join(root, 'notebooks');
}

/** @type {string[]} the source maps of the last module transpiled, last step first */
let maps = [];

/**
 * The converter's second step, from ES modules to CommonJS. Its input carries the map of the first.
 * @param {string} js
 * @param {any} options
 */
function transpileModule(js, options) {
  const [code, map] = js.split('//# sourceMappingURL=data:application/json;base64,');
  const compilerOptions = { ...options.compilerOptions, sourceMap: true };
  const { outputText, sourceMapText } = ts.transpileModule(code, {
    ...options,
    compilerOptions,
    transformers: { before: [insertCheckpoints] },
  });
  maps = [sourceMapText, Buffer.from(map ?? '', 'base64').toString()];
  return { outputText: outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n') };
}

/**
 * Lets the body of every loop and every function begin with a checkpoint, see interrupt.mjs.
 * @param {any} context
 */
function insertCheckpoints(context) {
  const { factory } = context;
  /** @param {any} body */
  const callAt = (body) =>
    ts.setTextRange(factory.createCallExpression(factory.createIdentifier('__checkpoint__')), body);
  /** @param {any} node */
  const visit = (node) => {
    const { parent } = node;
    const result = ts.visitEachChild(node, visit, context);
    if (ts.isFunctionLike(parent) ? node !== parent.body : !isLoopBody(node)) return result;
    if (ts.isExpression(node)) return factory.createComma(callAt(node), result);
    const statement = factory.createExpressionStatement(callAt(node));
    const rest = ts.isBlock(node) ? result.statements : [result];
    return factory.createBlock([statement, ...rest], true);
  };
  return (/** @type {any} */ file) => ts.visitNode(file, visit);
}

/** @param {any} node */
const isLoopBody = (node) =>
  node.parent && ts.isIterationStatement(node.parent, false) && node.parent.statement === node;

const plain = createConverter({ isJS: false, isBrowser: false });
const { withoutExports, refusals, hasForAwait, withOldTypes } = cellCode(ts);

/** @type {typeof plain} */
export const converter = {
  ...plain,
  convert(declarations, code) {
    const typed = withoutExports(code);
    const diagnostics = refusals(typed);
    if (diagnostics.length > 0) return /** @type {Converted} */ ({ diagnostics });
    let converted = plain.convert(declarations, typed);
    const older = withOldTypes(declarations, converted.declOutput ?? '', typed);
    if (older) converted = plain.convert(older, typed);
    return { ...converted, hasToplevelAwait: converted.hasToplevelAwait || hasForAwait(typed) };
  },
  inspect: (declarations, code, position) =>
    plain.inspect(declarations, withoutExports(code), position),
  complete: (declarations, code, position) =>
    plain.complete(declarations, withoutExports(code), position),
};

/**
 * @typedef {import('tslab/dist/converter.js').ConvertResult} Converted
 * @typedef {(line: number, column: number) => number | undefined} Locate a position in the script, counted
 *   from 1 as in a stack, to the line of the cell; none for code that nobody typed
 */

/**
 * Compiles a cell.
 * @param {string} declarations of the cells before
 * @param {string} code
 * @param {string} url the name that stacks give to the script
 * @returns {{ converted: Converted, locate: Locate }}
 */
export function compile(declarations, code, url) {
  const converted = converter.convert(declarations, code);
  if (converted.output !== undefined)
    // The empty first line is for the executor, which puts the head of a function there.
    converted.output = `\n${converted.output}\n//# sourceURL=${url}`;
  const texts = maps;
  const lastLine = converted.output?.split('\n').length ?? 0;
  /** @type {SourceMap[] | undefined} */
  let steps;
  /** @type {Locate} */
  const locate = (line, column) => {
    if (line > lastLine) return undefined; // the executor's call of the function
    steps ??= texts.map((text) => new SourceMap(JSON.parse(text)));
    let position = { line: line - 2, column: column - 1 };
    for (const step of steps) {
      let entry = step.findEntry(position.line, position.column);
      // What tslab and TypeScript put before the code of a line has no entry of its own.
      if (!isOnLine(entry, position.line)) entry = step.findEntry(position.line, Infinity);
      if (!isOnLine(entry, position.line)) return undefined;
      position = { line: entry.originalLine, column: entry.originalColumn };
    }
    return position.line; // counted from 0, and the converter adds one line in front
  };
  return { converted, locate };
}

/**
 * @param {import('node:module').SourceMapping | {}} entry
 * @param {number} line of the generated code
 * @returns {entry is import('node:module').SourceMapping}
 */
function isOnLine(entry, line) {
  return 'generatedLine' in entry && entry.generatedLine === line;
}
