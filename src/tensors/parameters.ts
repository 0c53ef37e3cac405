import { tf } from './tf';

/** Learned tensors by name, in groups of groups, such as `{ encoder: [{ WQ, WK }, …] }`. */
export type ParameterTree = tf.Tensor | ParameterTree[] | { [name: string]: ParameterTree };

/**
 * All tensors of a tree in one flat record, for `Adam` and for checkpoints, named by their path:
 * `{ encoder: [{ WQ }] }` gives `{ 'encoder/0/WQ': … }`.
 */
export function flatten<T extends tf.Tensor = tf.Variable>(tree: object): Record<string, T> {
  const flat: Record<string, T> = {};
  const walk = (node: unknown, path: string) => {
    if (node instanceof tf.Tensor) flat[path] = node as T;
    else if (node && typeof node === 'object') {
      for (const [name, child] of Object.entries(node))
        walk(child, path ? `${path}/${name}` : name);
    }
  };
  walk(tree, '');
  return flat;
}

/** The same tree with a variable in place of each tensor. The tensors are disposed. */
export function variables<Tree extends object>(tree: Tree): Tree {
  const convert = (node: unknown): unknown => {
    if (node instanceof tf.Tensor) {
      const variable = tf.variable(node);
      node.dispose();
      return variable;
    }
    if (Array.isArray(node)) return node.map(convert);
    if (node && typeof node === 'object') {
      return Object.fromEntries(
        Object.entries(node).map(([name, child]) => [name, convert(child)]),
      );
    }
    return node;
  };
  return convert(tree) as Tree;
}
