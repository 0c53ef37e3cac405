export { backendName, tf } from './tf';
