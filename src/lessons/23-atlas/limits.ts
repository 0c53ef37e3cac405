/**
 * When a method is its parent again: what has to be chosen for both to give the same weights (for
 * those that mix keys or list some, the same context). Tests hold each to it. The others have no such
 * choice with their parent: a tanh, a gate or a norm stays in between.
 */
export const limits: Readonly<Record<string, string>> = {
  'Dense Synthesized Attention': 'W_1 = 1 and positive inputs',
  'Random Synthesized Attention': 'each token is its place, as a one-hot vector, and W_1 = 1',
  'Factorized Random Synthesized Attention': 'as many columns as places, R_2 = 1',
  'Factorized Dense Synthesized Attention': 'one group of all places; the parent with W_1 = 1',
  'Location Sensitive Attention': 'U = 0 and b = 0',
  'Channel-wise Soft Attention': 'keys are the means of channels, b = 0',
  'Spatial Attention-Guided Mask': 'no convolutions before; the parent with a kernel of 3 × 3',
  CBAM: 'a kernel of 0: the second gate is ½ everywhere',
  'Multiplicative Attention': 'W = 1',
  'DV3 Attention Block': 'both rates 0, biases that take the constant encoding away, W = 1',
  'Scaled Dot-Product Attention': 'queries √d times as long',
  'SAGAN Self-Attention Module': 'queries 1/√d times as long; 1 × 1 convolutions 1',
  'Global Context Block': 'all pixels of the parent have one query',
  'Multi-Head Attention': 'one head, all matrices 1',
  'Attention-augmented Convolution': 'the channels behind the convolution’s, without distances',
  'Multi-Head Linear Attention': 'as many mixtures as keys, E = F = 1',
  'Graph Self-Attention': 'an edge between any two, and loops',
  'Adaptive Masking': 'a span longer than the text; the parent with a causal mask',
  'Strided Attention': 'a stride longer than the text; the parent with a causal mask',
  'Fixed Factorized Attention': 'for both, a stride longer than the text',
  'Sliding Window Attention': 'a window wider than the text, on both sides',
  'Dilated Sliding Window Attention': 'd = 1',
  'Global and Sliding Window Attention':
    'for both, a window wider than the text; equal projections',
  'LSH Attention':
    'one bucket, one chunk; the parent with keys of length 1, which hides the diagonal',
  'Routing Attention': 'one cluster of all; the parent with one bucket',
  'Sparse Sinkhorn Attention': 'one block of all: each key stands there twice; the parent’s parent',
  'SortCut Sinkhorn Attention': 'for both, one block of all',
};
