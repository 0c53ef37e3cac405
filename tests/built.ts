/** Before any test: tools and slides as JavaScript, for what tests start as a process. */
import { buildTools } from '../tools/setup/prepare.mjs';

export default buildTools;
