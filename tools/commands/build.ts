/** `npm run build`: src/dist from src. */
import { buildSource } from '../setup/index.ts';

export default buildSource;
