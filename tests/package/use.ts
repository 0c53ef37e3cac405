import { dense, type Figure, heatmap, scaledDotProductAttention, showSource, tf } from 'attention';
import * as browser from 'attention/browser';

const x = tf.ones<tf.Rank.R3>([1, 2, 3]);
const { context }: { context: tf.Tensor3D } = scaledDotProductAttention(x, x, x);
const y: tf.Tensor = browser.dense(context, tf.ones([3, 2]));
const figure: Figure = heatmap([[1]], { title: 'one', queries: ['a'], keys: ['b'] });
export const all = [y, figure, showSource, dense];
