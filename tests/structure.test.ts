/** The house: which folder may use which, and that nothing goes in a circle. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { lessons } from '../tools/lessons';
import { root } from '../tools/setup/paths.mjs';
import { graph } from '../tools/test/imports';

/** What a folder of `src` may import, beside itself; the table of CONTRIBUTING.md. */
const floors: Record<string, string[]> = {
  tensors: [],
  attention: ['tensors'],
  layers: ['tensors', 'attention'],
  data: ['tensors', 'attention'],
  training: ['tensors'],
  models: ['tensors', 'attention', 'layers', 'data', 'training'],
  plots: ['tensors'],
  notebook: ['tensors', 'plots'],
  lessons: ['tensors', 'attention', 'layers', 'data', 'training', 'models', 'plots', 'notebook'],
};

/** A way from a file back to itself, if there is one. */
function circle(edges: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, way: string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of edges.get(file) ?? []) {
      const found = visit(next, [...way, file]);
      if (found) return found;
    }
    done.add(file);
    return undefined;
  };
  for (const file of edges.keys()) {
    const found = visit(file, []);
    if (found) return found.map((one) => relative(root, one));
  }
  return undefined;
}

test('no import in src runs upwards', () => {
  const source = join(root, 'src');
  const floor = (file: string) => relative(source, file).split('/')[0];
  const upwards = [...graph('src')].flatMap(([file, targets]) =>
    targets
      .filter((target) => floor(file) in floors && floor(target) in floors)
      .filter((target) => floor(file) !== floor(target))
      .filter((target) => !floors[floor(file)].includes(floor(target)))
      .map((target) => `${relative(root, file)} → ${relative(root, target)}`),
  );
  expect(upwards).toEqual([]);
});

test('every folder of src has its place in the table, and CONTRIBUTING.md says the same', () => {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter(
      (entry) => entry.isDirectory() && !/^(dist|node_modules|checkpoints|\..*)$/.test(entry.name),
    )
    .map(({ name }) => name);
  expect(folders.sort()).toEqual(Object.keys(floors).sort());
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  for (const [folder, below] of Object.entries(floors)) {
    const [, may] =
      new RegExp(`^\\| \`src/${folder}\` \\|.*\\| ([^|]*) \\|$`, 'm').exec(text) ?? [];
    const named = (may ?? '').match(/`(\w+)`/g)?.map((name) => name.slice(1, -1)) ?? [];
    expect(named.sort(), `what src/${folder} may use`).toEqual([...below].sort());
  }
});

test.each(['src', 'slides', 'tools', 'tests'])(
  'no file of %s imports itself by a detour',
  (folder) => {
    const edges = graph(folder);
    expect(edges.size).toBeGreaterThan(10);
    expect(circle(edges)).toBeUndefined();
  },
);

test('what runs before there are packages needs none, and nothing that is made of TypeScript', () => {
  const plain = readdirSync(join(root, 'tools'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[cm]js$/.test(file))
    .map((file) => join(root, 'tools', file));
  expect(plain.length).toBeGreaterThan(10);
  for (const file of plain) {
    const used = [...readFileSync(file, 'utf8').matchAll(/^import .* from '(.*)';$/gm)];
    const others = used.map(([, name]) => name).filter((name) => !/^node:|\.mjs$/.test(name));
    expect(others, relative(root, file)).toEqual([]);
  }
});

test('no mechanism, layer, model or plot knows of a lesson or of Jupyter', () => {
  for (const folder of ['tensors', 'attention', 'layers', 'models', 'training', 'plots', 'data']) {
    for (const [file, targets] of graph(join('src', folder))) {
      const text = readFileSync(file, 'utf8');
      expect(text, file).not.toMatch(/from ['"](?:tslab|.*\/notebook\/|.*\/lessons)/);
      expect(targets.filter((target) => /\/(notebook|lessons)\//.test(target))).toEqual([]);
    }
  }
});

test('a room is called like its notebook, and its exercises are exported by its number', () => {
  const index = readFileSync(join(root, 'src', 'lessons', 'index.ts'), 'utf8');
  for (const { number, name, written } of lessons()) {
    if (written) {
      expect(index).toContain(`export { lesson${number} } from './${name}/exercises';`);
    } else expect(index).not.toContain(`'./${name}/exercises'`);
  }
  const notebooks = readdirSync(join(root, 'notebooks')).filter((file) => file.endsWith('.ipynb'));
  const written = lessons().filter((lesson) => lesson.written);
  expect(notebooks.sort()).toEqual(written.map(({ name }) => `${name}.ipynb`));
});
