/** What a method is about: how scores are made, what a head does, images, great length, graphs. */
export type Family = 'scores' | 'heads' | 'images' | 'length' | 'graphs';

/** One line of the list of attention methods that the lecture opens with. */
export interface Method {
  name: string;
  /** Of publication, as the list has it. */
  year: number;
  /** How many papers of Papers with Code used it when the lecture was given. */
  papers: number;
  /** What kind it is: a family of folders in `src/attention`. */
  family: Family;
  /** Which lesson of this course is about it. */
  lesson: number;
  /** The function of this package that computes it. */
  implementation: string;
}

const list: [
  name: string,
  year: number,
  papers: number,
  family: Family,
  lesson: number,
  implementation: string,
][] = [
  ['Multi-Head Attention', 2017, 2253, 'heads', 8, 'multiHeadAttention'],
  ['Scaled Dot-Product Attention', 2017, 2225, 'scores', 7, 'scaledDotProductAttention'],
  ['Additive Attention', 2014, 68, 'scores', 2, 'additiveAttention'],
  ['Dot-Product Attention', 2015, 44, 'scores', 3, 'dotProductAttention'],
  ['SAGAN Self-Attention Module', 2018, 31, 'images', 12, 'saganAttention'],
  ['Location-based Attention', 2015, 23, 'scores', 3, 'locationBasedAttention'],
  ['Content-based Attention', 2014, 22, 'scores', 3, 'contentBasedAttention'],
  ['Spatial Attention Module', 2018, 17, 'images', 23, 'spatialAttentionModule'],
  ['Channel Attention Module', 2018, 10, 'images', 23, 'channelAttentionModule'],
  ['DV3 Attention Block', 2017, 8, 'scores', 23, 'dv3Attention'],
  ['Location Sensitive Attention', 2015, 7, 'scores', 23, 'locationSensitiveAttention'],
  ['Spatial Attention-Guided Mask', 2019, 6, 'images', 23, 'spatialAttentionGuidedMask'],
  ['LAMA', 2019, 5, 'scores', 23, 'lamaAttention'],
  ['Channel-wise Soft Attention', 2017, 4, 'images', 23, 'channelWiseSoftAttention'],
  ['Global and Sliding Window Attention', 2020, 2, 'length', 23, 'globalSlidingWindowAttention'],
  ['Strided Attention', 2019, 2, 'length', 16, 'sparseTransformerAttention'],
  ['Point-wise Spatial Attention', 2018, 2, 'images', 23, 'pointWiseSpatialAttention'],
  ['Sliding Window Attention', 2020, 2, 'length', 23, 'slidingWindowAttention'],
  ['Single-Headed Attention', 2019, 2, 'heads', 23, 'singleHeadedAttention'],
  ['Dilated Sliding Window Attention', 2020, 2, 'length', 23, 'dilatedSlidingWindowAttention'],
  ['LSH Attention', 2020, 2, 'length', 17, 'lshAttention'],
  ['Fixed Factorized Attention', 2019, 2, 'length', 16, 'sparseTransformerAttention'],
  ['SortCut Sinkhorn Attention', 2020, 1, 'length', 23, 'sortcutSinkhornAttention'],
  ['Dense Synthesized Attention', 2020, 1, 'heads', 23, 'denseSynthesizer'],
  ['Graph Self-Attention', 2019, 1, 'graphs', 20, 'graphSelfAttention'],
  ['Multi-Head Linear Attention', 2020, 1, 'length', 23, 'linformerAttention'],
  ['Adaptive Masking', 2019, 1, 'length', 14, 'adaptiveSpanAttention'],
  ['Sparse Sinkhorn Attention', 2020, 1, 'length', 23, 'sinkhornAttention'],
  ['Factorized Random Synthesized Attention', 2020, 1, 'heads', 23, 'factorizedRandomSynthesizer'],
  ['Global Context Block', 2019, 1, 'images', 23, 'globalContextBlock'],
  ['Factorized Dense Synthesized Attention', 2020, 1, 'heads', 23, 'factorizedDenseSynthesizer'],
  ['CBAM', 2018, 1, 'images', 23, 'cbam'],
  ['Routing Attention', 2020, 1, 'length', 23, 'routingAttention'],
  ['Random Synthesized Attention', 2020, 1, 'heads', 23, 'randomSynthesizer'],
  ['Attention-augmented Convolution', 2019, 1, 'images', 22, 'attentionAugmentedConvolution'],
  ['Multiplicative Attention', 2015, 1, 'scores', 3, 'generalAttention'],
];

/** The 36 attention methods of the Papers-with-Code list on the lecture's second slide, in its order. */
export const methods: readonly Method[] = list.map(
  ([name, year, papers, family, lesson, implementation]) => ({
    name,
    year,
    papers,
    family,
    lesson,
    implementation,
  }),
);
