/** Of all lessons, those that `npm test -- --changed` chose (LESSONS=02,08), or else all. */
export function chosen<T extends { number: string }>(lessons: T[]): T[] {
  const numbers = process.env.LESSONS?.split(',');
  return numbers ? lessons.filter(({ number }) => numbers.includes(number)) : lessons;
}
