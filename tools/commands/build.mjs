/** `npm run build`: src/dist from src. */
import { buildSource } from '../setup/index.mjs';

export default buildSource;
