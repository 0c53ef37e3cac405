let deflate = stored;

/** A compression better than none, where there is one: Node's. */
export function provideDeflate(better: (bytes: Uint8Array) => Uint8Array): void {
  deflate = better;
}

/**
 * An image as a PNG in a data URI, the only form in which Plotly stores an image compactly.
 *
 * @param pixels `[height, width, channels]` of bytes in a row; 1 channel is grey, 3 are RGB.
 */
export function png(pixels: Uint8Array, width: number, height: number, channels: 1 | 3): string {
  const stride = width * channels;
  // Each row begins with the number of its filter; 0 is none.
  const rows = new Uint8Array(height * (stride + 1));
  for (let y = 0; y < height; y++) {
    rows.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  }
  const bits = [8, channels === 1 ? 0 : 2]; // for a channel; grey or RGB
  const file = joined(
    latin1('\x89PNG\r\n\x1a\n'),
    chunk('IHDR', joined(uint32(width), uint32(height), Uint8Array.of(...bits, 0, 0, 0))),
    chunk('IDAT', deflate(rows)),
    chunk('IEND', new Uint8Array()),
  );
  return `data:image/png;base64,${btoa(Array.from(file, (byte) => String.fromCharCode(byte)).join(''))}`;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = joined(latin1(type), data);
  return joined(uint32(data.length), body, uint32(crc32(body)));
}

/** The zlib format without compression: blocks of at most 65,535 bytes, and Adler's checksum. */
function stored(bytes: Uint8Array): Uint8Array {
  const most = 65_535;
  const blocks = Array.from({ length: Math.max(1, Math.ceil(bytes.length / most)) }, (_, i) => {
    const block = bytes.subarray(i * most, (i + 1) * most);
    const isLast = Number((i + 1) * most >= bytes.length);
    const [low, high] = [block.length & 255, block.length >> 8];
    return joined(Uint8Array.of(isLast, low, high, ~low & 255, ~high & 255), block);
  });
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return joined(Uint8Array.of(0x78, 1), ...blocks, uint32(b * 65_536 + a));
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const uint32 = (value: number) =>
  Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

// The polynomial that the PNG specification prescribes, bit by bit. (zlib.crc32 came with Node 22.)
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
