/** An assignment: a notebook in nbgrader's format with solutions, check cells and hidden tests. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Answers, HomeworkExercise } from 'attention';
import { require, ts } from '../kernel/typescript.ts';
import { joined, type Notebook } from '../notebooks/nbformat.ts';

export interface Exercise {
  /** The grade_id of the cell for the answer. */
  id: string;
  /** The reference solution: that cell as its author wrote it. */
  solution: string;
  /** Of the functions that it declares. */
  names: string[];
  /** The grade_id of the check cell. */
  checkId: string;
  /** Its source, hidden tests included. */
  check: string;
  points: number;
}

export interface Assignment {
  /** Of its notebook: '08-multi-head-attention'. */
  name: string;
  /** Source of the locked cells that import, declare types and prepare data. */
  setup: string;
  exercises: Exercise[];
}

export type Definition = HomeworkExercise<Answers>;

/** @param file the notebook as its author wrote it */
export function readAssignment(file: string): Assignment {
  const notebook: Notebook = JSON.parse(readFileSync(file, 'utf8'));
  const cells = notebook.cells.flatMap(({ cell_type, source, metadata: { nbgrader } }) => {
    if (cell_type !== 'code' || !nbgrader) return [];
    const { grade_id: id, solution, points = 0 } = nbgrader;
    return [{ id, solution, points, source: joined(source) }];
  });
  const exercises = cells
    .filter(({ solution }) => solution)
    .map(({ id, source }) => {
      const checkId = `${id}-check`;
      const check = cells.find((cell) => cell.id === checkId);
      if (!check) throw new Error(`${file}: the cell ${id} has no check cell ${checkId}`);
      const { points } = check;
      return {
        id,
        solution: source,
        names: declaredNames(source),
        checkId,
        check: check.source,
        points,
      };
    });
  const setup = cells.filter(({ id }) => id.startsWith('setup')).map(({ source }) => source);
  return { name: basename(file, '.ipynb'), setup: setup.join('\n'), exercises };
}

/** @returns names of the functions at the top level of a cell */
export function declaredNames(source: string): string[] {
  const file = ts.createSourceFile('cell.ts', source, ts.ScriptTarget.Latest);
  return file.statements.flatMap((statement) => {
    if (ts.isFunctionDeclaration(statement)) return statement.name?.text ?? [];
    if (!ts.isVariableStatement(statement)) return [];
    return statement.declarationList.declarations.flatMap(({ name, initializer }) =>
      initializer && ts.isFunctionLike(initializer) && ts.isIdentifier(name) ? name.text : [],
    );
  });
}

/**
 * What the check cells of an assignment look at, with the given answers in it.
 *
 * @param attention the package
 * @param answers source code that declares all functions, or the functions
 * @returns by the exercise's id
 */
export async function definitions(
  { setup, exercises }: Assignment,
  attention: typeof import('attention'),
  answers: string | Answers,
): Promise<Record<string, Definition>> {
  const given =
    typeof answers === 'string'
      ? answers
      : exercises.map(({ names }) => `const { ${names.join(', ')} } = answers;`).join('\n');
  const checks = exercises.map(
    ({ id, check }) => `checks[${JSON.stringify(id)}] = async () => {\n${marked(check)}\n};`,
  );
  const program = [setup, given, ...checks].join('\n');
  const { outputText } = ts.transpileModule(program, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const run: Record<string, () => Promise<void>> = {};
  let found: Definition | undefined;
  const homework = async (exercise: Definition) => {
    found = exercise;
  };
  const load = (name: string) =>
    name === 'attention' ? { ...attention, homework } : require(name);
  new Function('require', 'exports', 'checks', 'answers', outputText)(load, {}, run, answers);
  const result: Record<string, Definition> = {};
  for (const { id } of exercises) {
    found = undefined;
    await run[id]();
    if (!found) throw new Error(`the check cell of ${id} does not call homework({ … })`);
    result[id] = found;
  }
  return result;
}

/**
 * A check cell whose hidden behaviours know that they are hidden. They are the last elements of
 * the list of behaviours.
 */
function marked(check: string) {
  return check
    .replace(/^.*BEGIN HIDDEN TESTS.*$/m, '...[')
    .replace(/^.*END HIDDEN TESTS.*$/m, '].map((behaviour) => ({ ...behaviour, hidden: true })),');
}
