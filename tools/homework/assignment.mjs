// @ts-check
/** An assignment: a notebook in nbgrader's format with solutions, check cells and hidden tests. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';

const require = createRequire(import.meta.url);
/** @type {any} TypeScript as the kernel has it */
export const ts = createRequire(require.resolve('tslab'))('@tslab/typescript-for-tslab');

/**
 * @typedef {object} Exercise
 * @property {string} id the grade_id of the cell for the answer
 * @property {string} solution the reference solution: that cell as its author wrote it
 * @property {string[]} names of the functions that it declares
 * @property {string} checkId the grade_id of the check cell
 * @property {string} check its source, hidden tests included
 * @property {number} points
 *
 * @typedef {object} Assignment
 * @property {string} name of its notebook: '08-multi-head-attention'
 * @property {string} setup source of the locked cells that import, declare types and prepare data
 * @property {Exercise[]} exercises
 *
 * @typedef {import('attention').HomeworkExercise<any>} Definition
 */

/**
 * @param {string} file the notebook as its author wrote it
 * @returns {Assignment}
 */
export function readAssignment(file) {
  /** @type {{ id: string, grade: boolean, solution: boolean, points: number, source: string }[]} */
  const cells = JSON.parse(readFileSync(file, 'utf8'))
    .cells.filter((/** @type {any} */ cell) => cell.cell_type === 'code' && cell.metadata.nbgrader)
    .map((/** @type {any} */ { source, metadata: { nbgrader } }) => ({
      ...nbgrader,
      id: nbgrader.grade_id,
      source: [source].flat().join(''),
    }));
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

/** @param {string} source @returns {string[]} names of the functions at the top level of a cell */
export function declaredNames(source) {
  const file = ts.createSourceFile('cell.ts', source, ts.ScriptTarget.Latest);
  return file.statements.flatMap((/** @type {any} */ statement) => {
    if (ts.isFunctionDeclaration(statement)) return [statement.name?.text];
    if (!ts.isVariableStatement(statement)) return [];
    return statement.declarationList.declarations.flatMap((/** @type {any} */ one) =>
      one.initializer && ts.isFunctionLike(one.initializer) ? [one.name.text] : [],
    );
  });
}

/**
 * What the check cells of an assignment look at, with the given answers in it.
 *
 * @param {Assignment} assignment
 * @param {any} attention the package
 * @param {string | Record<string, (...input: any[]) => unknown>} answers source code that declares
 *   all functions, or the functions
 * @returns {Promise<Record<string, Definition>>} by the exercise's id
 */
export async function definitions({ setup, exercises }, attention, answers) {
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
  /** @type {Record<string, () => Promise<void>>} */
  const run = {};
  /** @type {Definition | undefined} */
  let found;
  const homework = async (/** @type {Definition} */ exercise) => {
    found = exercise;
  };
  const load = (/** @type {string} */ name) =>
    name === 'attention' ? { ...attention, homework } : require(name);
  new Function('require', 'exports', 'checks', 'answers', outputText)(load, {}, run, answers);
  /** @type {Record<string, Definition>} */
  const result = {};
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
 *
 * @param {string} check
 */
function marked(check) {
  return check
    .replace(/^.*BEGIN HIDDEN TESTS.*$/m, '...[')
    .replace(/^.*END HIDDEN TESTS.*$/m, '].map((behaviour) => ({ ...behaviour, hidden: true })),');
}
