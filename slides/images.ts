/** Images of a notebook as data: URIs. What is not there, or would come from a network, is a problem. */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, extname, join, sep } from 'node:path';
import type { MimeBundle } from './notebook.ts';
import type { Place, Problems } from './problems.ts';

const types: Record<string, string> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
};
const embedded = /^data:image\/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]+$/;

export class Images {
  private readonly folder: string;

  /**
   * @param notebook path of the notebook, from whose folder the images are taken
   * @param attachments of the cell
   */
  constructor(
    notebook: string,
    private readonly attachments: Record<string, MimeBundle> = {},
  ) {
    this.folder = realpathSync(dirname(notebook));
  }

  /** @returns the data: URI, or undefined after a problem has been noted */
  read(src: string, { place, problems }: { place: Place; problems: Problems }): string | undefined {
    if (embedded.test(src)) return src;
    const refuse = (why: string) => problems.add(`the image ${src.slice(0, 80)} ${why}`, place);
    const [, scheme] = /^([a-z][a-z0-9+.-]*):/i.exec(src) ?? [];
    if (scheme === 'attachment') {
      const bundle = this.attachments[decodeURIComponent(src.slice('attachment:'.length))] ?? {};
      const [entry] = Object.entries(bundle).filter(([type]) =>
        Object.values(types).includes(type),
      );
      const uri = entry && `data:${entry[0]};base64,${entry[1]}`;
      if (uri && embedded.test(uri)) return uri;
      return void refuse('is not attached to the cell');
    }
    if (scheme || src.startsWith('//')) {
      return void refuse('would be loaded from elsewhere: put the file beside the notebook');
    }
    const type = types[extname(src).toLowerCase()];
    if (!type) return void refuse(`is none of ${Object.keys(types).join(' ')}`);
    try {
      const file = realpathSync(join(this.folder, decodeURIComponent(src)));
      if (!file.startsWith(this.folder + sep)) return void refuse('lies outside of the notebooks');
      return `data:${type};base64,${readFileSync(file).toString('base64')}`;
    } catch {
      return void refuse('is not there');
    }
  }
}
