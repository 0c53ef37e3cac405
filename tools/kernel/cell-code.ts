/** What tslab does not know of a TypeScript module's top: exports, and types that are declared anew. */

import type { Diagnostic } from 'tslab/dist/converter.js';
import type { TypeScript, typescript } from './typescript.ts';

type Node = typescript.Node;

export function cellCode(ts: TypeScript) {
  const parse = (code: string) =>
    ts.createSourceFile('cell.ts', code, ts.ScriptTarget.Latest, /* setParentNodes */ true);
  const isType = (node: Node) =>
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isEnumDeclaration(node);
  const nameOf = (node: Node) => (node as { name?: Node }).name;

  /**
   * A cell without its `export`s and without `#!`, every other letter where it was: a cell exports
   * nothing, and all cells after it know its names.
   */
  function withoutExports(code: string): string {
    let result = code.replace(/^#!/, '//');
    if (!/\bexport\b/.test(code)) return result;
    const blank = (start: number, end: number, by = '') => {
      const gap = result.slice(start + by.length, end).replace(/\S/g, ' ');
      result = result.slice(0, start) + by + gap + result.slice(end);
    };
    for (const statement of parse(result).statements) {
      const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : [];
      for (const { kind, end } of modifiers ?? []) {
        if (kind === ts.SyntaxKind.ExportKeyword) blank(end - 'export'.length, end);
        // A function or class by default that has no name is a value.
        if (kind === ts.SyntaxKind.DefaultKeyword)
          blank(end - 'default'.length, end, nameOf(statement) ? '' : 'void 0,');
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

  /** What cannot be in a cell, with what to write instead. */
  function refusals(code: string): Diagnostic[] {
    if (!/\b(export|global|meta)\b/.test(code)) return [];
    const file = parse(code);
    const found: Diagnostic[] = [];
    const refuse = (node: Node, messageText: string) => {
      const [start, end] = [node.getStart(), node.end].map((offset) => ({
        offset,
        ...file.getLineAndCharacterOfPosition(offset),
      }));
      found.push({ start, end, messageText, category: ts.DiagnosticCategory.Error, code: 0 });
    };
    const visit = (node: Node) => {
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

  /** Whether a cell waits by `for await` outside of any function. */
  function hasForAwait(code: string) {
    const look = (node: Node): boolean =>
      !ts.isFunctionLike(node) &&
      !ts.isClassLike(node) &&
      ((ts.isForOfStatement(node) && Boolean(node.awaitModifier)) ||
        Boolean(ts.forEachChild(node, look)));
    return /\bawait\b/.test(code) && look(parse(code));
  }

  /** @returns the types declared at the top, as they are written */
  function typesOf(file: typescript.SourceFile) {
    const types = new Map<string, string>();
    for (const statement of file.statements) {
      const name = isType(statement) && statement.name;
      if (!name) continue;
      const { text } = name;
      types.set(text, (types.get(text) ?? '') + statement.getText());
    }
    return types;
  }

  /**
   * @param node an identifier
   * @returns whether it names something of the top level
   */
  function isFree(node: Node): boolean {
    const { parent } = node;
    if (ts.isQualifiedName(parent)) return parent.right !== node;
    if (ts.isPropertyAccessExpression(parent)) return parent.name !== node;
    return isType(parent) || nameOf(parent) !== node;
  }

  /**
   * Declarations in which types that a cell declares anew go by another name, so that the values of
   * earlier cells keep their type.
   *
   * @param declarations of the cells before
   * @param after declarations with the cell, if it could be compiled without
   * @param code of the cell
   * @returns nothing if no value is concerned
   */
  function withOldTypes(declarations: string, after: string, code: string): string | undefined {
    const file = parse(declarations);
    const [before, now, typed] = [typesOf(file), typesOf(parse(after)), typesOf(parse(code))];
    const renamed = new Map<string, string>();
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
    const found: typescript.Identifier[] = [];
    const visit = (node: Node) => {
      if (ts.isIdentifier(node) && renamed.has(node.text) && isFree(node)) found.push(node);
      ts.forEachChild(node, visit);
    };
    visit(file);
    const isUsed = found.some((node) => !(isType(node.parent) && node.parent.name === node));
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
