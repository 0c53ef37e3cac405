// @ts-check
/** What tslab does not know of a TypeScript module's top: exports, and types that are declared anew. */

/**
 * @typedef {import('tslab/dist/converter.js').Diagnostic} Diagnostic
 * @typedef {any} TypeScript
 * @typedef {any} Node
 */

const kinds = /** @type {const} */ ([
  'isClassDeclaration',
  'isInterfaceDeclaration',
  'isTypeAliasDeclaration',
  'isEnumDeclaration',
]);

/** @param {TypeScript} ts */
export function cellCode(ts) {
  /** @param {string} code @returns {Node} */
  const parse = (code) =>
    ts.createSourceFile('cell.ts', code, ts.ScriptTarget.Latest, /* setParentNodes */ true);

  /**
   * A cell without its `export`s and without `#!`, every other letter where it was: a cell exports
   * nothing, and all cells after it know its names.
   * @param {string} code
   * @returns {string}
   */
  function withoutExports(code) {
    let result = code.replace(/^#!/, '//');
    if (!/\bexport\b/.test(code)) return result;
    /** @param {number} start @param {number} end @param {string} [by] */
    const blank = (start, end, by = '') => {
      const gap = result.slice(start + by.length, end).replace(/\S/g, ' ');
      result = result.slice(0, start) + by + gap + result.slice(end);
    };
    for (const statement of parse(result).statements) {
      for (const { kind, end } of statement.modifiers ?? []) {
        if (kind === ts.SyntaxKind.ExportKeyword) blank(end - 'export'.length, end);
        // A function or class by default that has no name is a value.
        if (kind === ts.SyntaxKind.DefaultKeyword)
          blank(end - 'default'.length, end, statement.name ? '' : 'void 0,');
      }
      const start = statement.getStart();
      if (ts.isExportAssignment(statement) && !statement.isExportEquals)
        blank(start, statement.expression.getStart());
      if (!ts.isExportDeclaration(statement) || !statement.exportClause) continue;
      if (!statement.moduleSpecifier) blank(start, statement.end);
      else if (ts.isNamedExports(statement.exportClause))
        blank(start, start + 'export'.length, 'import');
    }
    return result;
  }

  /**
   * What cannot be in a cell, with what to write instead.
   * @param {string} code
   * @returns {Diagnostic[]}
   */
  function refusals(code) {
    if (!/\b(export|global|meta)\b/.test(code)) return [];
    const file = parse(code);
    /** @type {Diagnostic[]} */
    const found = [];
    /** @param {Node} node @param {string} messageText */
    const refuse = (node, messageText) => {
      const [start, end] = [node.getStart(), node.end].map((offset) => ({
        offset,
        ...file.getLineAndCharacterOfPosition(offset),
      }));
      found.push({ start, end, messageText, category: ts.DiagnosticCategory.Error, code: 0 });
    };
    /** @param {Node} node */
    const visit = (node) => {
      if (ts.isExportDeclaration(node) || (ts.isExportAssignment(node) && node.isExportEquals))
        refuse(
          node,
          'A cell exports nothing: later cells know its names. Take names from a module with `import`.',
        );
      if (ts.isModuleDeclaration(node) && node.flags & ts.NodeFlags.GlobalAugmentation)
        refuse(
          node,
          'A cell cannot declare anything global. Give the value a type where it is used: `(x as any).name`.',
        );
      if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword)
        refuse(node, 'A cell is no file and has no `import.meta`. Its folder is `process.cwd()`.');
      ts.forEachChild(node, visit);
    };
    visit(file);
    return found;
  }

  /** Whether a cell waits by `for await` outside of any function. @param {string} code */
  function hasForAwait(code) {
    /** @param {Node} node @returns {boolean} */
    const look = (node) =>
      !ts.isFunctionLike(node) &&
      !ts.isClassLike(node) &&
      (Boolean(node.awaitModifier) || Boolean(ts.forEachChild(node, look)));
    return /\bawait\b/.test(code) && look(parse(code));
  }

  /** @param {Node} file @returns {Map<string, string>} the types declared at the top, as they are written */
  function typesOf(file) {
    /** @type {Map<string, string>} */
    const types = new Map();
    for (const statement of file.statements) {
      if (!kinds.some((is) => ts[is](statement)) || !statement.name) continue;
      const { text } = statement.name;
      types.set(text, (types.get(text) ?? '') + statement.getText());
    }
    return types;
  }

  /** @param {Node} node an identifier @returns {boolean} whether it names something of the top level */
  function isFree(node) {
    const { parent } = node;
    if (ts.isQualifiedName(parent)) return parent.right !== node;
    if (ts.isPropertyAccessExpression(parent)) return parent.name !== node;
    return kinds.some((is) => ts[is](parent)) || parent.name !== node;
  }

  /**
   * Declarations in which types that a cell declares anew go by another name, so that the values of
   * earlier cells keep their type.
   * @param {string} declarations of the cells before
   * @param {string} after declarations with the cell, if it could be compiled without
   * @param {string} code of the cell
   * @returns {string | undefined} nothing if no value is concerned
   */
  function withOldTypes(declarations, after, code) {
    const file = parse(declarations);
    const [before, now, typed] = [typesOf(file), typesOf(parse(after)), typesOf(parse(code))];
    /** @type {Map<string, string>} */
    const renamed = new Map();
    for (const [name, text] of before) {
      if (
        !typed.has(name) ||
        (after && now.get(name)?.replace(/^export /, '') === text.replace(/^export /, ''))
      )
        continue;
      let count = 1;
      while (declarations.includes(`${name}_old${count}`)) count++;
      renamed.set(name, `${name}_old${count}`);
    }
    if (renamed.size === 0) return undefined;
    /** @type {Node[]} */
    const found = [];
    /** @param {Node} node */
    const visit = (node) => {
      if (ts.isIdentifier(node) && renamed.has(node.text) && isFree(node)) found.push(node);
      ts.forEachChild(node, visit);
    };
    visit(file);
    const isUsed = found.some(
      (node) => !kinds.some((is) => ts[is](node.parent) && node.parent.name === node),
    );
    if (!isUsed) return undefined;
    return found
      .sort((a, b) => b.end - a.end)
      .reduce(
        (text, node) =>
          text.slice(0, node.getStart()) + renamed.get(node.text) + text.slice(node.end),
        declarations,
      );
  }

  return { withoutExports, refusals, hasForAwait, withOldTypes };
}
