import {
  causalMask,
  denseWeights,
  dilatedSlidingWindowAttention,
  globalSlidingWindowAttention,
  imageLocal1DAttention,
  imageLocal2DAttention,
  random,
  scaledDotProductAttention,
  slidingWindowAttention,
  sparseTransformerAttention,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../golden/golden';

const dense = ({ context, weights }: any) => ({ context, weights: denseWeights(weights) });
describe('g', () => {
  test.each(golden('sliding-window'))('s %#', (e) => expectGolden(e, ({query,keys,values,mask}, o) => dense(slidingWindowAttention(query,keys,values,mask,o))));
  test.each(golden('dilated-sliding-window'))('d %#', (e) => expectGolden(e, ({query,keys,values,mask}, o) => dense(dilatedSlidingWindowAttention(query,keys,values,mask,o))));
  test.each(golden('image-local-1d'))('i1 %#', (e) => expectGolden(e, ({query,keys,values,mask}, o) => dense(imageLocal1DAttention(query,keys,values,mask,o))));
  test.each(golden('image-local-2d'))('i2 %#', (e) => expectGolden(e, ({query,keys,values,mask}, o) => dense(imageLocal2DAttention(query,keys,values,mask,o))));
  test.each(golden('sparse-transformer'))('st %#', (e) => expectGolden(e, ({query,keys,values,mask}, o) => dense(sparseTransformerAttention(query,keys,values,mask,o))));
});
