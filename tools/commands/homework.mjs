import { join } from 'node:path';
import { ClassFolder } from '../homework/class-folder.mjs';
import { SetupError } from '../setup/errors.mjs';
import { setup } from '../setup/index.mjs';
import { root } from '../setup/paths.mjs';

const usage = `What to do with homework?

For learners
  npm run homework -- check 08 [FILE]    looks at your answers, as the check cells do
  npm run homework -- check              your points so far, in one table

For assistants (in the folder class, or --class DIR)
  npm run homework -- release 08         makes what is handed out: class/release/08-…
  npm run homework -- collect 08 FOLDER  takes what was handed in: student.ipynb, student_….ipynb, student/….ipynb, zip files
  npm run homework -- grade 08           grades it, all or --student NAME; class/reports
  npm run homework -- formgrader         nbgrader's pages: comments, points by hand (more options go to JupyterLab)
  npm run homework -- feedback 08        a page for each student: class/feedback
  npm run homework -- export             the grade book as class/grades.csv

For authors
  npm run homework -- try [08]           what its exercises pay for: right solutions, wrong ones, none
  npm run homework -- renew [08]         notebooks/homework from the rooms in src/lessons
`;

/** @param {string[]} args */
export default async function main(args) {
  const { words, options } = parsed(args);
  const [what, ...rest] = words;
  const folder = () => new ClassFolder(options.class ?? join(root, 'class'));
  switch (what) {
    case 'grade-one': {
      // nbgrader asks for one grade: what is printed would be noise, and all is set up.
      const { gradeStudents } = await import('../homework/grade.mjs');
      await gradeStudents(folder(), rest[0], [rest[1]], { force: true });
      return process.exit(0);
    }
    case 'check': {
      await setup();
      const { check, progress } = await import('../homework/check.mjs');
      return rest.length > 0 ? check(rest[0], rest[1]) : progress();
    }
    case 'collect': {
      await setup();
      const { collect } = await import('../homework/collect.mjs');
      return collect(folder(), rest, options);
    }
    case 'release':
    case 'grade':
    case 'feedback':
    case 'formgrader':
    case 'export': {
      await setup();
      const commands = await import('../homework/commands.mjs');
      return commands[what](folder(), rest, options);
    }
    case 'renew': {
      await setup();
      const { renew } = await import('../homework/commands.mjs');
      return renew(rest, options);
    }
    case 'try': {
      await setup();
      const { tryHomework } = await import('../homework/trials.mjs');
      await tryHomework(rest);
      return process.exit(0);
    }
    default:
      throw new SetupError(usage.trimEnd());
  }
}

/** @param {string[]} args */
function parsed(args) {
  /** @type {string[]} */
  const words = [];
  /** @type {{ class?: string, student?: string, force?: boolean }} */
  const options = {};
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--force') options.force = true;
    else if (args[i] === '--class' || args[i] === '--student') {
      const value = args[++i];
      if (!value) throw new SetupError(`${args[i - 1]} wants a name behind it.`);
      options[args[i - 1] === '--class' ? 'class' : 'student'] = value;
    } else if (args[i].startsWith('--') && args[0] !== 'formgrader')
      throw new SetupError(`There is no option ${args[i]}.\n\n${usage}`);
    else words.push(args[i]);
  }
  return { words, options };
}
