/**
 * tslab's converter, from a TypeScript cell to JavaScript, with five additions: a source map for each
 * cell, names of earlier cells in `{ name }`, the checkpoints at which an interrupt stops it, the
 * project's packages for a notebook that lies outside of the project, and what cell-code.ts adds.
 */
import Module, { SourceMap, type SourceMapping } from 'node:module';
import path from 'node:path';
import type { ConvertResult } from 'tslab/dist/converter.js';
import { root } from '../setup/paths.mjs';
import { cellCode } from './cell-code.ts';
import { require, ts, type typescript, typescriptPath } from './typescript.ts';

// No watching of files. `require` would not notice that a package has changed, and tslab fails
// ("Unexpected pending rebuildTimer") if several files change between two cells.
ts.sys.watchFile = ts.sys.watchDirectory = () => ({ close() {} });

// tslab fixes TypeScript's options inside, so it is handed a TypeScript that adds ours to them.
(require.cache[typescriptPath] as NodeJS.Module).exports = {
  ...ts,
  createWatchCompilerHost,
  getPreEmitDiagnosticsOfFiles,
  transpileModule,
};

const {
  createConverter,
}: typeof import('tslab/dist/converter.js') = require('tslab/dist/converter.js');

const modules = path.join(root, 'node_modules');
// For `require`: the project's packages come after those that the notebook has of its own.
process.env.NODE_PATH = [process.env.NODE_PATH, modules].filter(Boolean).join(path.delimiter);
(Module as unknown as { _initPaths(): void })._initPaths(); // Node reads the variable once, when it starts

/**
 * tslab takes every `await` for one at the top unless it knows the function around it, and it does not
 * know methods of objects. What is in a function stays an error here: by its code as a text.
 */
function getPreEmitDiagnosticsOfFiles(program: typescript.Program, files: typescript.SourceFile[]) {
  return ts.getPreEmitDiagnosticsOfFiles(program, files).map((found) => {
    if (found.code !== 1308 || !found.file) return found;
    const { start = 0, length = 0 } = found;
    const token = ts.findPrecedingToken(start + length, found.file);
    return ts.getContainingFunction(token) ? { ...found, code: '1308' } : found;
  });
}

/** @param _createProgram tslab leaves it to TypeScript */
function createWatchCompilerHost(
  files: string[],
  options: typescript.CompilerOptions,
  system: typescript.System,
  _createProgram: undefined,
  ...rest: [typescript.DiagnosticReporter?, typescript.WatchStatusReporter?]
) {
  const create: typescript.CreateProgram<typescript.EmitAndSemanticDiagnosticsBuilderProgram> = (
    ...parts
  ) => {
    const program = ts.createEmitAndSemanticDiagnosticsBuilderProgram(...parts);
    const { emit } = program;
    program.emit = (file, write, token, only, transformers = {}) => {
      const before = [expandShorthand(program.getProgram().getTypeChecker())];
      return emit(file, write, token, only, { ...transformers, before });
    };
    return program;
  };
  const settings = { ...options, inlineSourceMap: true };
  return ts.createWatchCompilerHost(files, settings, system, create, ...rest);
}

type Transformer = typescript.TransformerFactory<typescript.SourceFile>;

/**
 * tslab lets a cell's code find the names of earlier cells in `exports`, but forgets those that stand
 * for both sides of a property: `{ query }` becomes `{ query: exports.query }` here. And it takes the
 * name of a property for such a name, as in `const { query: q } = x`: names become strings.
 */
const expandShorthand =
  (checker: typescript.TypeChecker): Transformer =>
  (context) => {
    const { factory } = context;
    return (file) => {
      const earlier = ts.getOriginalNode(file).parent;
      const visit = (node: typescript.Node): typescript.Node => {
        const property = ts.isBindingElement(node)
          ? node.propertyName
          : ts.isPropertyAssignment(node) && node.name;
        if (property && ts.isIdentifier(property)) {
          const name = ts.setTextRange(factory.createStringLiteral(property.text), property);
          if (ts.isBindingElement(node))
            return factory.updateBindingElement(
              node,
              node.dotDotDotToken,
              name,
              ts.visitNode(node.name, visit, ts.isBindingName),
              ts.visitNode(node.initializer, visit, ts.isExpression),
            );
          const { initializer } = node as typescript.PropertyAssignment;
          return factory.updatePropertyAssignment(
            node as typescript.PropertyAssignment,
            name,
            ts.visitNode(initializer, visit, ts.isExpression),
          );
        }
        if (!ts.isShorthandPropertyAssignment(node)) return ts.visitEachChild(node, visit, context);
        const symbol = checker.getShorthandAssignmentValueSymbol(node);
        const isEarlier = symbol?.declarations?.some((one) => one.getSourceFile() === earlier);
        if (!isEarlier) return ts.visitEachChild(node, visit, context);
        const { text } = node.name;
        const value = factory.createPropertyAccessExpression(
          factory.createIdentifier('exports'),
          text,
        );
        const { objectAssignmentInitializer: otherwise } = node; // `({ query = 1 } = x)`
        const target = otherwise
          ? factory.createAssignment(value, ts.visitNode(otherwise, visit, ts.isExpression))
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

/** The source maps of the last module transpiled, last step first. */
let maps: string[] = [];

/**
 * The converter's second step, from ES modules to CommonJS. Its input carries the map of the first.
 */
function transpileModule(js: string, options: typescript.TranspileOptions) {
  const [code, map] = js.split('//# sourceMappingURL=data:application/json;base64,');
  const compilerOptions = { ...options.compilerOptions, sourceMap: true };
  const { outputText, sourceMapText } = ts.transpileModule(code, {
    ...options,
    compilerOptions,
    transformers: { before: [insertCheckpoints] },
  });
  maps = [sourceMapText ?? '', Buffer.from(map ?? '', 'base64').toString()];
  return { outputText: outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n') };
}

/** Lets the body of every loop and every function begin with a checkpoint, see interrupt.ts. */
const insertCheckpoints: Transformer = (context) => {
  const { factory } = context;
  const callAt = (body: typescript.Node) =>
    ts.setTextRange(
      factory.createCallExpression(factory.createIdentifier('__checkpoint__'), undefined, []),
      body,
    );
  const visit = (node: typescript.Node): typescript.Node => {
    const { parent } = node;
    const result = ts.visitEachChild(node, visit, context);
    const isBody = ts.isFunctionLike(parent)
      ? node === (parent as typescript.FunctionLikeDeclaration).body
      : isLoopBody(node);
    if (!isBody) return result;
    if (ts.isExpression(node))
      return factory.createComma(callAt(node), result as typescript.Expression);
    const statement = factory.createExpressionStatement(callAt(node));
    const rest = ts.isBlock(result) ? result.statements : [result as typescript.Statement];
    return factory.createBlock([statement, ...rest], true);
  };
  return (file) => ts.visitEachChild(file, visit, context);
};

const isLoopBody = (node: typescript.Node) =>
  node.parent && ts.isIterationStatement(node.parent, false) && node.parent.statement === node;

const plain = createConverter({ isJS: false, isBrowser: false });
const { withoutExports, refusals, hasForAwait, withOldTypes } = cellCode(ts);

export const converter: typeof plain = {
  ...plain,
  convert(declarations, code) {
    const typed = withoutExports(code);
    const diagnostics = refusals(typed);
    if (diagnostics.length > 0) return { diagnostics } as ConvertResult;
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
 * A position in the script, counted from 1 as in a stack, to the line of the cell; none for code that
 * nobody typed.
 */
export type Locate = (line: number, column: number) => number | undefined;

/**
 * Compiles a cell.
 *
 * @param declarations of the cells before
 * @param url the name that stacks give to the script
 */
export function compile(
  declarations: string,
  code: string,
  url: string,
): { converted: ConvertResult; locate: Locate } {
  const converted = converter.convert(declarations, code);
  if (converted.output !== undefined)
    // The empty first line is for the executor, which puts the head of a function there.
    converted.output = `\n${converted.output}\n//# sourceURL=${url}`;
  const texts = maps;
  const lastLine = converted.output?.split('\n').length ?? 0;
  let steps: SourceMap[] | undefined;
  const locate: Locate = (line, column) => {
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

/** @param line of the generated code */
function isOnLine(entry: ReturnType<SourceMap['findEntry']>, line: number): entry is SourceMapping {
  return 'generatedLine' in entry && entry.generatedLine === line;
}
