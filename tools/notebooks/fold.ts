import { joined, type Notebook } from './nbformat.ts';

/**
 * Folds in the Lab what a reader need not read: code that only draws, which has the tag `hide-input`
 * because slides hide it too, and notes for the lecturer. What is neither is unfolded.
 *
 * @param notebook is changed
 */
export function fold(notebook: Notebook) {
  for (const cell of notebook.cells) {
    const { metadata } = cell;
    const jupyter = { ...metadata.jupyter };
    delete jupyter.source_hidden;
    const notes = metadata.slideshow?.slide_type === 'notes';
    if (notes || (cell.cell_type === 'code' && metadata.tags?.includes('hide-input'))) {
      jupyter.source_hidden = true;
    }
    if (Object.keys(jupyter).length > 0) metadata.jupyter = jupyter;
    else delete metadata.jupyter;
    // The Lab shows the first line of what is folded: who it is for, not what it says.
    if (notes) cell.source = joined(cell.source).replace(/^(> \*\*[^*\n]*\*\*) /, '$1\n> ');
  }
}
