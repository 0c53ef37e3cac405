import { join } from 'node:path';
import { ClassFolder } from '../homework/class-folder.ts';
import { trustVariable } from '../homework/sandbox.ts';
import { SetupError } from '../setup/errors.mjs';
import { setup } from '../setup/index.ts';
import { root } from '../setup/paths.mjs';

const usage = `What to do with homework?

For learners
  npm run homework -- check 08 [FILE]    looks at your answers, as the check cells do
  npm run homework -- check              your points so far, in one table

For assistants (in the folder class, or --class DIR)
  npm run homework -- release 08         makes what is handed out: class/release/08-…; --due "2026-12-24 18:00"
  npm run homework -- collect 08 FOLDER  takes what was handed in: student.ipynb, student_….ipynb, student/….ipynb, zip files;
                                         --from moodle or canvas, --roster PEOPLE.csv, --times WORKSHEET.csv
  npm run homework -- grade 08           grades it, all or --student NAME; class/reports
  npm run homework -- similar 08         pairs of submissions that are alike beyond chance
  npm run homework -- formgrader         nbgrader's pages: comments, points by hand (more options go to JupyterLab)
  npm run homework -- feedback 08        a page for each student: class/feedback
  npm run homework -- export             the grade book as class/grades.csv; --lms moodle or canvas

For authors
  npm run homework -- try [08]           what its exercises pay for: right solutions, wrong ones, none
  npm run homework -- renew [08]         notebooks/homework from the rooms in src/lessons
`;

export default async function main(args: string[]) {
  const { words, options } = parsed(args);
  const [what, ...rest] = words;
  const folder = () => new ClassFolder(options.class ?? join(root, 'class'));
  switch (what) {
    case 'grade-one': {
      // nbgrader asks for one grade: what is printed would be noise, and all is set up.
      const { gradeStudents } = await import('../homework/grade.ts');
      const { sandboxed } = await import('../homework/sandbox.ts');
      await gradeStudents(folder(), rest[0], [rest[1]], { force: true, wrapped: sandboxed() });
      return process.exit(0);
    }
    case 'check': {
      await setup();
      const { check, progress } = await import('../homework/learner.ts');
      return rest.length > 0 ? check(rest[0], rest[1]) : progress();
    }
    case 'collect': {
      await setup();
      const { collect } = await import('../homework/collect.ts');
      const where = folder();
      return where.locked(() => collect(where, rest, options));
    }
    case 'similar': {
      await setup();
      const { similar } = await import('../homework/similar.ts');
      return similar(folder(), rest);
    }
    case 'release':
    case 'grade':
    case 'feedback':
    case 'export': {
      await setup();
      const commands = await import('../homework/assistant.ts');
      const where = folder();
      return where.locked(() => commands[what](where, rest, options));
    }
    case 'formgrader': {
      await setup();
      const { formgrader } = await import('../homework/assistant.ts');
      return formgrader(folder(), rest);
    }
    case 'renew': {
      await setup();
      const { renew } = await import('../homework/assistant.ts');
      return renew(rest, options);
    }
    case 'try': {
      await setup();
      const { tryHomework } = await import('../homework/trials.ts');
      await tryHomework(rest);
      return process.exit(0);
    }
    default:
      throw new SetupError(usage.trimEnd());
  }
}

/** Options that want a word behind them. */
const named = [
  'class',
  'student',
  'from',
  'roster',
  'times',
  'due',
  'lms',
  'column',
  'worksheet',
] as const;

function parsed(args: string[]) {
  const words: string[] = [];
  const options: { force?: boolean } & Partial<Record<(typeof named)[number], string>> = {};
  for (let i = 0; i < args.length; i++) {
    const option = named.find((name) => args[i] === `--${name}`);
    if (args[i] === '--force') options.force = true;
    else if (args[i] === '--trust') process.env[trustVariable] = '1';
    else if (option) {
      const value = args[++i];
      if (!value) throw new SetupError(`--${option} wants something behind it.`);
      options[option] = value;
    } else if (args[i].startsWith('--') && args[0] !== 'formgrader')
      throw new SetupError(`There is no option ${args[i]}.\n\n${usage}`);
    else words.push(args[i]);
  }
  return { words, options };
}
