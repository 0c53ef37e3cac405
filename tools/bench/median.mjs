/**
 * The value in the middle.
 *
 * @param {number[]} values
 */
export function median(values) {
  return values.slice().sort((a, b) => a - b)[values.length >> 1];
}
