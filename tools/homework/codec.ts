/**
 * Values on their way between the grader and a submission, as JSON. What comes from a submission is
 * not trusted: it is data of known kinds and limited size, or an error.
 */

type TensorFlow = typeof import('attention').tf;

/** What is not plain data, as it stands in the JSON; of a tensor, nothing is known yet. */
type Coded =
  | { $: 'undefined' | 'NaN' | 'Infinity' | '-Infinity' }
  | { $: 'object'; entries: [unknown, unknown][] }
  | { $: 'tensor'; dtype: unknown; shape: unknown; data: unknown };

const dtypes = ['float32', 'int32', 'bool'] as const;
const isDtype = (name: unknown): name is (typeof dtypes)[number] =>
  dtypes.some((one) => one === name);
const mostValues = 1 << 20;
const mostCharacters = 1 << 16;
const deepest = 16;
const highestRank = 6; // of TensorFlow.js

/**
 * @param value plain data, tensors, or arrays and objects of them
 * @returns the same as JSON
 * @throws {Error} for functions, symbols, what is nested endlessly
 */
export function encode(value: unknown, tf: TensorFlow, depth = 0): unknown {
  if (depth > deepest) throw new Error('a result is nested too deeply');
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (value === undefined) return { $: 'undefined' };
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $: String(value) };
  if (value instanceof tf.Tensor) {
    const { dtype, shape, size } = value;
    if (shape.length > highestRank) throw new Error(`a tensor of rank ${shape.length}`);
    if (size > mostValues) throw new Error(`a tensor of shape [${shape}] is too large`);
    const { buffer, byteOffset, byteLength } = value.dataSync();
    return {
      $: 'tensor',
      dtype,
      shape,
      data: Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
    };
  }
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    return Array.from(value as ArrayLike<unknown>, (item) => encode(item, tf, depth + 1));
  }
  if (typeof value !== 'object') throw new Error(`a ${typeof value} is no result`);
  const entries = Object.entries(value).map(([name, item]) => [name, encode(item, tf, depth + 1)]);
  return { $: 'object', entries };
}

/**
 * @param json what `encode` made, or anything else
 * @throws {Error} if it is not what `encode` makes
 */
export function decode(
  json: unknown,
  tf: TensorFlow,
  depth = 0,
  count = { left: mostValues },
): unknown {
  if (depth > deepest) throw new Error('a result is nested too deeply');
  if (--count.left < 0) throw new Error(`a result of more than ${mostValues} values`);
  if (typeof json === 'string' && json.length > mostCharacters)
    throw new Error(`a text of ${json.length} characters`);
  if (json === null || ['string', 'number', 'boolean'].includes(typeof json)) return json;
  if (Array.isArray(json)) return json.map((item) => decode(item, tf, depth + 1, count));
  const coded = json as Coded | undefined;
  switch (coded?.$) {
    case 'undefined':
      return undefined;
    case 'NaN':
    case 'Infinity':
    case '-Infinity':
      return Number(coded.$);
    case 'object': {
      // Without a prototype there is nothing to pollute.
      const result = Object.create(null);
      for (const [name, item] of coded.entries) {
        const key = decode(String(name), tf, depth, count) as string;
        result[key] = decode(item, tf, depth + 1, count);
      }
      return result;
    }
    case 'tensor': {
      const { dtype, shape, data } = coded;
      if (!isDtype(dtype)) throw new Error(`a tensor of the type ${dtype}`);
      if (!Array.isArray(shape)) throw new Error('a tensor without a shape');
      if (shape.length > highestRank) throw new Error(`a tensor of rank ${shape.length}`);
      if (!shape.every((n): n is number => Number.isInteger(n) && n >= 0 && n <= mostValues))
        throw new Error('a tensor without a shape');
      const size = shape.reduce((product, n) => product * n, 1);
      const bytes = Buffer.from(String(data), 'base64');
      count.left -= size;
      if (count.left < 0 || bytes.length !== size * (dtype === 'bool' ? 1 : 4))
        throw new Error(`a tensor whose values do not fill its shape [${shape}]`);
      const memory = new Uint8Array(bytes).buffer;
      const Values =
        dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array;
      return tf.tensor(new Values(memory), shape, dtype);
    }
    default:
      throw new Error('a result of an unknown kind');
  }
}

/**
 * What a submission said, as one short line of text: characters that would steer a terminal, or hide
 * what stands there, are written out.
 */
export function plain(text: string, most = 400) {
  const start = Buffer.from(text.slice(0, most)).toString().replace(/\s+/g, ' ');
  const shown = start.replace(
    /[\p{Cc}\p{Cf}]/gu,
    (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`,
  );
  return text.length > most ? `${shown}…` : shown;
}
