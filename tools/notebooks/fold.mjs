// @ts-check
/**
 * Folds in the Lab what a reader need not read: code that only draws, which has the tag `hide-input`
 * because slides hide it too. Code without the tag is unfolded.
 *
 * @param {any} notebook is changed
 */
export function fold(notebook) {
  for (const { cell_type, metadata } of notebook.cells) {
    if (cell_type !== 'code') continue;
    const { source_hidden, ...jupyter } = metadata.jupyter ?? {};
    if (metadata.tags?.includes('hide-input')) jupyter.source_hidden = true;
    if (Object.keys(jupyter).length > 0) metadata.jupyter = jupyter;
    else delete metadata.jupyter;
  }
}
