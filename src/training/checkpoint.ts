import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root';
import { tf } from '../tensors/tf';

// The safetensors format: 8 bytes length of the header, the header as JSON, the data.
interface Entry {
  dtype: 'F32' | 'F16';
  shape: number[];
  data_offsets: [number, number];
}

/**
 * Writes parameters to a file in the safetensors format, as 16-bit floats: half the size, and a
 * relative error below 1/2048. The file appears whole or not at all.
 *
 * @throws if a value lies outside the range of 16-bit floats (±65,504) or is not a number
 */
export function saveCheckpoint(file: string, parameters: Record<string, tf.Tensor>): void {
  const header: Record<string, Entry> = {};
  const chunks: Uint16Array[] = [];
  let offset = 0;
  for (const [name, tensor] of Object.entries(parameters)) {
    const halves = Uint16Array.from(tensor.dataSync(), (value) => toHalf(value, name));
    header[name] = {
      dtype: 'F16',
      shape: tensor.shape,
      data_offsets: [offset, offset + halves.byteLength],
    };
    chunks.push(halves);
    offset += halves.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const data = chunks.map((half) => Buffer.from(half.buffer, half.byteOffset, half.byteLength));
  writeFileSync(`${file}.part`, Buffer.concat([length, json, ...data]));
  renameSync(`${file}.part`, file);
}

/** The file of a checkpoint that comes with the course, such as `'rnnsearch'`. */
export function checkpointFile(name: string): string {
  return join(packageRoot(), 'checkpoints', `${name}.safetensors`);
}

/**
 * Reads parameters from a safetensors file into variables that exist.
 *
 * @throws if a name or a shape differs, before any variable is changed
 */
export function loadCheckpoint(file: string, parameters: Record<string, tf.Variable>): void {
  const bytes = readFileSync(file);
  const dataStart = 8 + Number(bytes.readBigUInt64LE());
  const header: Record<string, Entry> = JSON.parse(bytes.toString('utf8', 8, dataStart));
  delete header.__metadata__;
  const expected = Object.keys(parameters).sort().join(', ');
  const found = Object.keys(header).sort().join(', ');
  if (expected !== found) throw new Error(`${file}: expected ${expected}; found ${found}`);
  for (const [name, { shape }] of Object.entries(header)) {
    if (shape.join() !== parameters[name].shape.join()) {
      throw new Error(
        `${file}: ${name} has shape [${shape}], the model's has [${parameters[name].shape}]`,
      );
    }
  }
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    const data = bytes.subarray(dataStart + data_offsets[0], dataStart + data_offsets[1]);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const size = shape.reduce((product, n) => product * n, 1);
    const values = Float32Array.from({ length: size }, (_, i) =>
      dtype === 'F32' ? view.getFloat32(4 * i, true) : fromHalf(view.getUint16(2 * i, true)),
    );
    tf.tidy(() => parameters[name].assign(tf.tensor(values, shape)));
  }
}

/** The 16-bit float nearest to a number, as its bits. */
function toHalf(value: number, name: string): number {
  const size = Math.abs(value);
  if (!(size <= 65504)) throw new Error(`${name}: ${value} does not fit a 16-bit float`);
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = Math.round(size / 2 ** (exponent - 10)); // 1024 steps between powers of two
  return sign + (size < 2 ** -14 ? steps : ((exponent + 15) << 10) + steps - 1024);
}

/** The number that the bits of a 16-bit float stand for. */
function fromHalf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}
