import { encode } from 'fast-png';

/**
 * An image as a PNG in a data URI, the only form in which Plotly stores an image compactly.
 *
 * @param data `[height, width, channels]` of bytes in a row; 1 channel is grey, 3 are RGB.
 */
export function png(data: Uint8Array, width: number, height: number, channels: 1 | 3): string {
  const file = encode({ data, width, height, channels });
  return `data:image/png;base64,${btoa(Array.from(file, (byte) => String.fromCharCode(byte)).join(''))}`;
}
