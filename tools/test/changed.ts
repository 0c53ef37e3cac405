/** `npm test -- --changed`: the tests that a change can reach. */
import { execFileSync } from 'node:child_process';
import { relative } from 'node:path';
import { SetupError } from '../setup/errors.mjs';
import { root } from '../setup/paths.mjs';
import { uses } from './imports.ts';

/** A change in one of these may reach any test. */
const everything =
  /^(package(-lock)?\.json|\.npmrc|vitest\.config\.ts|tsconfig\.base\.json|src\/(package|tsconfig)\.json|tests\/(seed|built)\.ts|tools\/python\/.*\.(in|txt))$/;

const lessons = 'tests/lessons/lessons.test.ts';
const maps = ['tests/lessons/course-map.test.ts', 'tests/slides/course-map.test.ts'];
const prose = 'tests/lessons/prose.test.ts';
const assignments = 'tests/homework/assignments.test.ts';
const classes = 'tests/homework/class.test.ts';

/** The tests of what is not imported but read, or started: path → tests. */
const readBy: [RegExp, string[]][] = [
  [/\.(ts|mjs|cjs)$|^CONTRIBUTING\.md$/, ['tests/structure.test.ts']],
  [/^README\.md$/, [maps[0]]],
  [/^notebooks\/\d\d-.*\.ipynb$/, [prose, ...maps]],
  [/^notebooks\/(course-map\.md$|images\/)/, maps],
  [/^notebooks\/homework\/.*\.ipynb$/, [classes]],
  [/^src\/lessons\/[^/]*\/(lesson\.json|exercises\.ts)$/, [prose, ...maps]],
  [/^src\/lessons\/deck\.json$/, maps],
  [/^src\/lessons\/[^/]*\/results\.json$/, [lessons]],
  [/^src\/lessons\/[^/]*\/homework\.ipynb$/, [classes]],
  [/^src\/lessons\/[^/]*\/(right|wrong)\.md$/, [assignments]],
  [/^slides\//, ['tests/slides/']],
  [/^notebooks\/images\/atlas/, ['tests/slides/poster.test.ts']],
  [/^src\/lessons\/23-.*\/results\.json$/, ['tests/lessons/23-atlas/costs.test.ts']],
  [
    /^tools\/(setup|python)\/|^tools\/(run\.cjs|tsconfig\.build\.json|commands\/start\.ts)$/,
    ['tests/setup/'],
  ],
  [/^src\/tensors\/fused\/native\//, ['tests/setup/']],
  [/^tools\/kernel\//, ['tests/kernel/', lessons]],
  [/^tools\/(kernel|commands\/start\.ts|setup\/lab-settings\.ts)/, ['tests/lab/']],
  [/^tools\/(homework\/|commands\/homework\.ts)/, ['tests/homework/']],
];

/** Tests that go through the lessons; they run with those that are reached, or else with this one. */
const ofLessons = [lessons, prose, assignments];
const sample = '00';

interface Plan {
  /** Files, or folders with a slash behind. */
  tests: string[];
  /** Their numbers. */
  lessons: string[];
  /** The file for which all tests have to run. */
  all?: string;
}

/**
 * @param changed files, from the root of the project
 * @param used what each file uses, absolute paths
 */
export function planOf(changed: string[], used: Map<string, Iterable<string>> = uses()): Plan {
  const all = changed.find((file) => everything.test(file));
  const reached = new Set(changed);
  const users = new Map<string, string[]>();
  for (const [file, targets] of used) {
    const user = relative(root, file);
    for (const target of targets) {
      const name = relative(root, target);
      // Through the package as a whole, tests of all lessons would be reached by every change.
      if ([...ofLessons, maps[1]].includes(user) && name.startsWith('src/')) continue;
      users.set(name, [...(users.get(name) ?? []), user]);
    }
  }
  for (const file of reached) for (const user of users.get(file) ?? []) reached.add(user);

  const tests = new Set([...reached].filter((file) => /^tests\/.*\.test\.ts$/.test(file)));
  for (const file of changed) {
    for (const [path, readers] of readBy)
      if (path.test(file)) for (const one of readers) tests.add(one);
  }
  const numbers = new Set<string>();
  for (const file of reached) {
    const [, notebook] = /^notebooks\/(\d\d)-[^/]*\.ipynb$/.exec(file) ?? [];
    const [, homework] = /^src\/lessons\/(\d\d)-[^/]*\/homework\.ipynb$/.exec(file) ?? [];
    if (notebook) tests.add(lessons);
    if (homework) tests.add(assignments);
    const [, room] = /^(?:src|tests)\/lessons\/(\d\d)-/.exec(file) ?? [];
    for (const one of [notebook, homework, room]) if (one) numbers.add(one);
  }
  const chosen = [...numbers].sort();
  const single = [...tests].filter(
    (one) => ![...tests].some((f) => f !== one && one.startsWith(f)),
  );
  return { tests: single.sort(), lessons: chosen.length > 0 ? chosen : [sample], all };
}

const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    .split('\n')
    .filter(Boolean);

/** @returns nothing if git refuses */
function ask(...args: string[]): string[] | undefined {
  try {
    return git(...args);
  } catch {
    return undefined;
  }
}

/**
 * What differs from the commit where this branch left `main`; on `main`, from the last commit, or, if
 * nothing does, from the one before it. Files that are new and not yet added count.
 *
 * @param since another commit or branch to compare with
 */
export function changedFiles(since?: string): { files: string[]; since: string } {
  const fresh = git('ls-files', '--others', '--exclude-standard');
  const from = (commit: string) => [
    ...new Set([...git('diff', '--name-only', '--no-renames', commit), ...fresh]),
  ];
  if (since) {
    if (!ask('rev-parse', '--verify', `${since}^{commit}`))
      throw new SetupError(`Git knows no commit ${since}, which --changed should compare with.`);
    return { files: from(since), since };
  }
  const [head] = git('rev-parse', 'HEAD');
  const [base] =
    ask('merge-base', 'main', 'HEAD') ?? ask('merge-base', 'origin/main', 'HEAD') ?? [];
  if (base && base !== head) return { files: from(base), since: `main (${base.slice(0, 7)})` };
  const open = from('HEAD');
  return open.length > 0 || !ask('rev-parse', 'HEAD~1')
    ? { files: open, since: 'the last commit' }
    : { files: from('HEAD~1'), since: 'the commit before the last' };
}

/** What is going to run, and why, in a few lines. */
export function say({ tests, lessons: numbers, all }: Plan, since: string, files: string[]) {
  const head = `Changed since ${since}: ${files.length} files.`;
  if (all) return `${head} ${all} may reach every test: all run.`;
  if (tests.length === 0) return `${head} No test reaches them.`;
  const with_ = tests.some((one) => ofLessons.includes(one))
    ? `, lesson ${numbers.join(', ')}`
    : '';
  return `${head} ${tests.length} files or folders of tests${with_}:\n  ${tests.join('\n  ')}`;
}
