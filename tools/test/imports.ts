/** What each file of the project uses: the imports, read from its text. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { root } from '../setup/paths.mjs';

const imports = /(?:^import|^export|^\} from|\bimport\()[^'"]*['"](\.[^'"]+)['"]/gm;
const built = /(^|\/)(dist|node_modules|\.\w[\w-]*)\//;

const filesOf = (folder: string, kind: RegExp) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => kind.test(file) && !built.test(file))
    .map((file) => join(root, folder, file));

/**
 * The files that each TypeScript or JavaScript file below a folder imports from there.
 *
 * @param folder 'src'
 * @returns absolute paths
 */
export function graph(folder: string): Map<string, string[]> {
  const files = filesOf(folder, /\.(ts|mjs|cjs)$/);
  const known = new Set(files);
  return new Map(files.map((file) => [file, imported(file, readFileSync(file, 'utf8'), known)]));
}

function imported(file: string, text: string, known: Set<string>) {
  return [...text.matchAll(imports)].flatMap(([, name]) => {
    const target = resolve(dirname(file), name);
    return [target, `${target}.ts`, `${target}/index.ts`].find((one) => known.has(one)) ?? [];
  });
}

/** The file of `src` in which each name of the package `attention` is written. */
export function exported(file = join(root, 'src', 'index.ts')): Map<string, string> {
  const text = readFileSync(file, 'utf8');
  const own = /^export (?:async |abstract )*(?:function\*?|class|const|type|interface) (\w+)/gm;
  const names = new Map<string, string>([...text.matchAll(own)].map(([, name]) => [name, file]));
  for (const [, list, from] of text.matchAll(
    /^export (?:type )?(\*|\{[^}]*\})(?: from '(.*)')?;/gm,
  )) {
    const below = from ? exported(imported(file, `export '${from}'`, sources())[0]) : new Map();
    if (list === '*') for (const [name, place] of below) names.set(name, place);
    else {
      for (const [, , name, as] of list.matchAll(/(type )?\b(\w+)(?: as (\w+))?\s*[,}]/g))
        names.set(as ?? name, below.get(name) ?? file);
    }
  }
  return names;
}

let known: Set<string> | undefined;
const sources = () => {
  known ??= new Set(filesOf('src', /\.ts$/));
  return known;
};

/** @returns the code of a notebook, other text as it is */
function codeOf(text: string): string {
  if (!text.startsWith('{')) return text;
  const cells = JSON.parse(text).cells as { cell_type: string; source: string | string[] }[];
  return cells
    .filter(({ cell_type }) => cell_type === 'code')
    .map(({ source }) => [source].flat().join(''))
    .join('\n');
}

/**
 * What a text takes out of the package `attention`, in any way of writing it, and what it shows
 * by `showSource('EncoderDecoder.loss')`.
 *
 * @returns names; '*' if it takes the package as a whole
 */
export function namesOf(text: string): string[] {
  const by = /(?:import|const)\s+(?:type\s+)?([^;=]*?)\s*(?:from\s|=\s*require\()\s*'attention'/g;
  const listed = [...text.matchAll(by)].flatMap(([, what]) =>
    what.startsWith('{')
      ? [...what.matchAll(/(?:type\s+)?(\w+)(?:\s*(?:as|:)\s*\w+)?\s*[,}]/g)].map(
          ([, name]) => name,
        )
      : ['*'],
  );
  const shown = [...text.matchAll(/\bshowSource\(([^)]*)\)/g)].flatMap(([, what]) =>
    [...what.matchAll(/'(\w+)/g)].map(([, name]) => name),
  );
  return [...new Set([...listed, ...shown])];
}

/**
 * What every file of the project uses: files that it imports, files in which the names stand that it
 * takes from `attention`, and files that it names, such as scripts, golden values and checkpoints.
 *
 * @returns absolute paths
 */
export function uses(): Map<string, Set<string>> {
  const code = ['src', 'slides', 'tools', 'tests'].flatMap((folder) =>
    filesOf(folder, /\.(ts|mjs|cjs|py)$/),
  );
  const notebooks = [
    ...filesOf('notebooks', /^\d\d-[^/]*\.ipynb$/),
    ...filesOf('src/lessons', /\.ipynb$/),
  ];
  const files = new Set(code);
  const names = exported();
  const data = [
    ...filesOf('src/checkpoints', /\./),
    ...filesOf('src/data', /\.json$/),
    ...filesOf('tests/golden', /\.json$/),
    ...filesOf('slides', /\.(css|json)$/),
    ...filesOf('notebooks/images', /\./),
    ...code.filter((file) => /\.(mjs|cjs|py)$/.test(file) && !file.includes('/tools/kernel/')),
  ].map((file) => {
    const name = basename(file).replace('.', '\\.');
    const stem = /\/(golden|checkpoints)\//.test(file) ? `|'${name.split('\\.')[0]}'` : '';
    return { file, named: new RegExp(`['"\`(](\\.?/?[\\w-]+/)*${name}['"\`)]${stem}`) };
  });
  // The operations in C++ are called by one file.
  const native = filesOf('src/tensors/fused/native', /\.(cc|h)$/);
  const operation = join(root, 'src', 'tensors', 'fused', 'operation.ts');
  const index = join(root, 'src', 'index.ts');
  return new Map(
    [...code, ...notebooks].map((file) => {
      const whole = readFileSync(file, 'utf8');
      const text = codeOf(whole);
      const taken = namesOf(text).flatMap((name) => (name === '*' ? index : names.get(name)) ?? []);
      const mentioned = data.filter(
        (one) => one.file !== file && one.named.test(file.endsWith('.ipynb') ? whole : text),
      );
      return [
        file,
        new Set([
          ...imported(file, text, files),
          ...taken,
          ...mentioned.map((one) => one.file),
          ...(file === operation ? native : []),
        ]),
      ];
    }),
  );
}
