/** `npm run setup`: everything the course needs, and a look whether TensorFlow really works. */
import { setup } from '../setup/index.ts';

export default async function () {
  await setup({ thorough: true });
  console.log('The course is set up. `npm start` opens it.');
}
